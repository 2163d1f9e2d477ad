using System.Text.RegularExpressions;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>What is written about verbs names all of them, and no other.</summary>
public sealed partial class VerbTableTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/guide-command-line.md")]
    public void A_table_of_verbs_has_all(string page)
    {
        var text = File.ReadAllText(RepositoryFiles.Path(page.Split('/')));
        var table = text[text.IndexOf("| verb | does |", StringComparison.Ordinal)..];
        table = table[..table.IndexOf("\n\n", StringComparison.Ordinal)];
        using var output = new StringWriter();
        var known = CommandLineApp.CreateRoot(new CliContext(output, output, OutputIsTerminal: false, ErrorIsTerminal: false, CancellationToken.None)).Subcommands.Select(verb => verb.Name);

        Assert.Equal(known.Order(StringComparer.Ordinal), Verb().Matches(table).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("(?<=^\\| |, )`([a-z]+) [A-Z]", RegexOptions.Multiline)]
    private static partial Regex Verb();
}
