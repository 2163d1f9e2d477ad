using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>Makes options. Their values stay text until a verb reads them, so that every mistake is told in the same way.</summary>
internal static class OptionFactory
{
    /// <summary>An option with one value.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="value">What help calls the value.</param>
    /// <param name="description">What it does and its default.</param>
    /// <param name="words">Words that completion offers.</param>
    public static Option<string?> Text(string name, string value, string description, params string[] words)
    {
        var option = new Option<string?>(name) { HelpName = value, Description = description };
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>An option that can be given several times.</summary>
    public static Option<string[]> Repeatable(string name, string value, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = value, Description = description + " Repeatable.", Arity = ArgumentArity.OneOrMore, DefaultValueFactory = _ => [] };

    /// <summary>Whether a verb may replace what it writes.</summary>
    /// <param name="what">What that is.</param>
    public static Option<bool> Overwrite(string what) => Flag("--overwrite", $"Replaces {what}.");

    /// <summary>An option that is on or off.</summary>
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };
}
