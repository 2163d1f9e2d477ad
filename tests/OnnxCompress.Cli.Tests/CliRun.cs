namespace OnnxCompress.Cli.Tests;

/// <summary>What one run of the tool returned and said.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">stdout.</param>
/// <param name="Error">stderr.</param>
internal sealed record CliRun(int Code, string Output, string Error)
{
    // Almost every test writes a model; how fast it is says none of them.
    private static readonly TimeSpan Timed = TimeSpan.FromSeconds(0.1);

    /// <summary>Runs the command line in this process, redirected as in a pipe.</summary>
    public static CliRun Of(params IReadOnlyList<string> args) => Of(TestContext.Current.CancellationToken, args);

    /// <summary>Runs the command line with a token that may be cancelled.</summary>
    public static CliRun Of(CancellationToken cancellation, params IReadOnlyList<string> args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = CommandLineApp.Run(args, new CliContext(output, error, OutputIsTerminal: false, ErrorIsTerminal: false, cancellation) { TimedFor = Timed });
        return new(code, output.ToString(), error.ToString());
    }

    /// <summary>Fails unless the run ended with one error line, nothing on stdout, and this exit code.</summary>
    public void HasOneError(int code, string diagnostic, params string[] parts)
    {
        Assert.Equal($"onnx-compress : error {diagnostic}", Error.Split(':') is [var tool, var kind, ..] ? $"{tool}:{kind}" : Error);
        Assert.Equal(code, Code);
        Assert.Single(Error.TrimEnd('\n', '\r').Split('\n'));
        Assert.Equal("", Output);
        Assert.All(parts, part => Assert.Contains(part, Error, StringComparison.Ordinal));
    }
}
