using OnnxCompress.Selection;

namespace OnnxCompress.Cli.Options;

/// <summary>What methods are called on the command line and in reports.</summary>
internal static class MethodNames
{
    /// <summary>The method's word.</summary>
    public static string Of(CompressionMethod method) => method switch
    {
        CompressionMethod.Interpolative => "id",
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, "A method without a name."),
    };
}
