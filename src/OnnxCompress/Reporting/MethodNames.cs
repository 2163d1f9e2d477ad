using System.Globalization;
using OnnxCompress.Forms;
using OnnxCompress.Selection;

namespace OnnxCompress.Reporting;

/// <summary>What methods are called on the command line and in reports.</summary>
internal static class MethodNames
{
    /// <summary>The method's word.</summary>
    public static string Of(CompressionMethod method) => method switch
    {
        CompressionMethod.Interpolative => "id",
        CompressionMethod.LowRank => "svd",
        CompressionMethod.Coreset => "coreset",
        CompressionMethod.Redundancy => "redundancy",
        CompressionMethod.Depth => "depth",
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, "A method without a name."),
    };

    /// <summary>A split in a few words: its form and, where it has more sizes than a rank, those.</summary>
    public static string Of(SplitShape split)
    {
        var form = split.Form.ToString().ToLowerInvariant();
        return split switch
        {
            { Groups: > 1 } => string.Create(CultureInfo.InvariantCulture, $"{form}, {split.Groups} groups"),
            { InnerRank: > 0 } => string.Create(CultureInfo.InvariantCulture, $"{form}, {split.InnerRank} in"),
            _ => form,
        };
    }
}
