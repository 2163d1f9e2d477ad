using System.Text.RegularExpressions;
using OnnxCompress.Cli.Options;

namespace OnnxCompress.MSBuild;

/// <summary>What the tool says of its options, in the words of the item: what it advises can be pasted into the project file.</summary>
internal static class ItemWords
{
    // An option, and its value where one follows that cannot be the next word of the sentence.
    private static readonly Regex Option = new(
        "(?<![\\w-])--(?<name>[a-z]+(?:-[a-z0-9]+)*)(?:[ =](?<value>[0-9]+(?:\\.[0-9]+)?|none|argmax|embedding|detection|ctc|cpu|gpu|any|float|float16|int8|int4|auto|local|sequential|id|svd|used)(?![\\w-]))?",
        RegexOptions.CultureInvariant);

    private static readonly Regex Data = new("(?<![\\w-])-d(?: PATH)?(?![\\w-])", RegexOptions.CultureInvariant);

    // Words of the command line alone.
    private static readonly string[] NotMetadata = ["allow-external-outside", "out", "overwrite", "quiet", "json", "help"];

    /// <summary>The text with <c>KeepMacs="0.7"</c> for <c>--keep-macs 0.7</c>.</summary>
    public static string Of(string text) => Data.Replace(
        Option.Replace(text, match => NotMetadata.Contains(match.Groups["name"].Value) ? match.Value : Attribute(match.Groups["name"].Value, match.Groups["value"].Value)),
        "Data").Replace("is not an option of compress", "is no metadata of OnnxModel").Replace(" See compress --help.", "").Replace(" (MinAgreement in a project)", "");

    private static string Attribute(string option, string value)
    {
        var name = OptionMetadata.Of("--" + option);
        return value.Length == 0 ? name : $"{name}=\"{value}\"";
    }
}
