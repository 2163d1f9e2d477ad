using System.Text.RegularExpressions;
using OnnxCompress.Cli.Options;
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

    [Fact]
    public void No_option_is_metadata_that_a_project_file_cannot_hold()
    {
        // MSBuild refuses items with metadata of these names (MSB4066 and MSB4117).
        string[] refused =
        [
            "Choose", "Import", "ImportGroup", "ItemDefinitionGroup", "ItemGroup", "OnError", "Otherwise", "Output", "Project", "ProjectExtensions", "PropertyGroup", "Target",
            "Task", "UsingTask", "When", "AccessedTime", "CreatedTime", "DefiningProjectFullPath", "Directory", "Extension", "Filename", "FullPath", "Identity", "ModifiedTime",
            "RecursiveDir", "RelativeDir", "RootDir", "Condition", "Exclude", "Include", "Label", "Remove", "Update", "KeepDuplicates", "KeepMetadata", "MatchOnMetadata",
        ];
        var compress = CommandLineApp.CreateRoot(new CliContext(TextWriter.Null, TextWriter.Null, false, false, CancellationToken.None)).Subcommands.Single(verb => verb.Name == "compress");
        // Where the result goes is for the build to say.
        var metadata = compress.Options
            .Select(option => OptionMetadata.Of(option.Aliases.Append(option.Name).First(name => name.StartsWith("--", StringComparison.Ordinal))))
            .Where(name => name != "Output")
            .ToArray();

        Assert.Empty(metadata.Intersect(refused, StringComparer.OrdinalIgnoreCase));
        Assert.All(metadata, name => Assert.Equal(name, OptionMetadata.Of(OptionMetadata.Option(name))));
    }

    [GeneratedRegex("(?<=^\\| |, )`([a-z]+) [A-Z]", RegexOptions.Multiline)]
    private static partial Regex Verb();
}
