using System.Text;

namespace OnnxCompress.Cli.Options;

/// <summary>Options as metadata of an item: <c>--keep-macs</c> is <c>KeepMacs</c>.</summary>
internal static class OptionMetadata
{
    // MSBuild's own words: Include and Exclude on an item, and Target, which no metadata may be named.
    private static readonly (string Option, string Metadata)[] Renamed = [("--include", "IncludeNodes"), ("--exclude", "ExcludeNodes"), ("--target", "RunTarget")];

    /// <summary>The metadata of an option.</summary>
    /// <param name="option">Its long name, with dashes.</param>
    public static string Of(string option) =>
        Array.Find(Renamed, r => r.Option == option).Metadata
            ?? string.Concat(option.Substring(2).Split('-').Select(word => char.ToUpperInvariant(word[0]) + word.Substring(1)));

    /// <summary>The option of metadata.</summary>
    public static string Option(string metadata)
    {
        if (Array.Find(Renamed, r => r.Metadata == metadata).Option is { } renamed)
        {
            return renamed;
        }

        var option = new StringBuilder("-");
        foreach (var c in metadata)
        {
            if (char.IsUpper(c))
            {
                _ = option.Append('-');
            }

            _ = option.Append(char.ToLowerInvariant(c));
        }

        return option[1] == '-' ? option.ToString() : option.Insert(0, '-').ToString();
    }
}
