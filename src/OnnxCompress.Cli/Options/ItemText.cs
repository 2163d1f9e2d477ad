using System.CommandLine;
using System.Security;
using System.Text;

namespace OnnxCompress.Cli.Options;

/// <summary>A command line as the item of a project file that does the same in a build.</summary>
internal static class ItemText
{
    // What the build decides itself, or what only explore has.
    private static readonly string[] NotMetadata = ["--out", "--objective", "--overwrite", "--json", "--quiet", "--verbose"];

    /// <summary>The item.</summary>
    /// <param name="parsed">The command line; its first argument is the model.</param>
    /// <param name="settings">Options with their values, which stand in place of those that were given.</param>
    /// <param name="dropped">Options that do not go with them.</param>
    public static string Of(ParseResult parsed, IReadOnlyList<(string Option, string Value)> settings, params string[] dropped)
    {
        string[] replaced = [.. NotMetadata, .. dropped, .. settings.Select(s => s.Option)];
        var command = parsed.CommandResult.Command;
        var item = new StringBuilder("<OnnxModel");
        Add("Include", parsed.GetResult(command.Arguments[0])!.Tokens[0].Value);
        foreach (var (option, value) in settings)
        {
            Add(OptionMetadata.Of(option), value);
        }

        foreach (var option in command.Options.Where(option => !replaced.Contains(Name(option))))
        {
            if (parsed.GetResult(option) is { IdentifierTokenCount: > 0 } given)
            {
                Add(OptionMetadata.Of(Name(option)), given.Tokens.Count == 0 ? "true" : string.Join(';', given.Tokens.Select(token => token.Value)));
            }
        }

        return item.Append(" />").ToString();

        void Add(string name, string value) => item.Append(' ').Append(name).Append("=\"").Append(SecurityElement.Escape(value)).Append('"');
    }

    // -d is short for --data; metadata have the long names.
    private static string Name(Option option) =>
        option.Aliases.Append(option.Name).First(name => name.StartsWith("--", StringComparison.Ordinal));
}
