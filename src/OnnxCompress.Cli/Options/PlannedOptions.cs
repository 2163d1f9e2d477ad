namespace OnnxCompress.Cli.Options;

/// <summary>Words of the interface that do not work yet: they are refused by name, never ignored and never called unknown.</summary>
internal static class PlannedOptions
{
    private static readonly Dictionary<string, string> Instead = new(StringComparer.Ordinal)
    {
    };

    /// <summary>What works in place of a planned option or verb; null when the word is not planned.</summary>
    public static string? InsteadOf(string word) => Instead.GetValueOrDefault(word.Split('=', ':')[0]);
}
