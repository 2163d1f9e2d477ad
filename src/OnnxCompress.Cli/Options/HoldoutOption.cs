using System.CommandLine;
using OnnxCompress.Samples;

namespace OnnxCompress.Cli.Options;

/// <summary>The share of the data that is held out.</summary>
internal static class HoldoutOption
{
    /// <summary>In [0, <see cref="SampleSplit.MaximumGuardShare"/>].</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011.</exception>
    public static double Read(Option<string?> option, ParseResult parsed)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return SampleSplit.DefaultGuardShare;
        }

        var share = OptionText.Number("--holdout", text);
        return share is >= 0 and <= SampleSplit.MaximumGuardShare ? share : throw Usage.Invalid("--holdout", text, "a share from 0 to 0.8");
    }
}
