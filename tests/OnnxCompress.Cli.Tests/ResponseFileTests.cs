using System.CommandLine;
using OnnxCompress.MSBuild;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>What a build writes into a response file arrives at the tool as it is, each value as one argument.</summary>
public sealed class ResponseFileTests
{
    private static readonly string[] Pieces =
    [
        "@", "@evil.rsp", "--force", "-", "--", "#", "# ", "'", "\\", "\\\\", " ", "  ", "=", ":", "%", "$(x)", ";", "a", "node/1", "ü", "模型", "😀", "\u00a0", "\u200b", "\u202e", "\ufeff",
        "\n", "\r", "\t", "\0", "\u0085", "\u2028", "\u2029", "\"", "\ud800", "[suggest]", "/?", "-h", "--version",
    ];

    [Fact]
    public void Random_values_arrive_whole_or_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("evil.rsp"), "--force\n");
        var random = new Random(21);
        var arrived = 0;
        for (var i = 0; i < 3000; i++)
        {
            var (model, value, second) = ($"/m/{Text(random)}", Text(random), Text(random));
            string[] arguments = ["compress", model, $"--out={value}", $"--include={value}", $"--include={second}"];
            if (arguments.Any(argument => argument.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029' or '"' or '\ud800')))
            {
                Assert.Throws<InvalidItemException>(() => ResponseLines.Write(arguments));
                continue;
            }

            File.WriteAllText(folder.File("compress.rsp"), ResponseLines.Write(arguments));
            var parsed = CommandLineApp.CreateRoot(new CliContext(TextWriter.Null, TextWriter.Null, false, false, CancellationToken.None)).Parse(["@" + folder.File("compress.rsp")]);

            Assert.Equal([model], Words(parsed, "MODEL"));
            Assert.Equal([value], Words(parsed, "--out"));
            Assert.Equal([value, second], Words(parsed, "--include"));
            Assert.Empty(Words(parsed, "--force"));
            Assert.Empty(parsed.UnmatchedTokens);
            Assert.Empty(parsed.Errors);
            arrived++;
        }

        Assert.InRange(arrived, 500, 2900);
    }

    // Metadata are trimmed, and empty ones left out.
    private static string Text(Random random)
    {
        var text = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pieces[random.Next(random.Next(3) == 0 ? Pieces.Length : 20)])).Trim();
        return text.Length == 0 ? "x" : text;
    }

    private static string[] Words(ParseResult parsed, string name)
    {
        var command = parsed.CommandResult.Command;
        var result = command.Options.FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name)) is { } option
            ? parsed.GetResult(option)?.Tokens
            : parsed.GetResult(command.Arguments.Single(argument => argument.Name == name))?.Tokens;
        return [.. result?.Select(token => token.Value) ?? []];
    }
}
