using OnnxCompress.Cli.Output;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli;

/// <summary>What a verb talks to.</summary>
/// <param name="Output">Results.</param>
/// <param name="Error">Talk: diagnostics and progress.</param>
/// <param name="OutputIsTerminal">Whether tables may be drawn for the eye.</param>
/// <param name="ErrorIsTerminal">Whether progress may be drawn in place.</param>
/// <param name="Cancellation">Set by Ctrl+C.</param>
internal sealed record CliContext(
    TextWriter Output, TextWriter Error, bool OutputIsTerminal, bool ErrorIsTerminal, CancellationToken Cancellation)
{
    /// <summary>For how long a result is timed beside its original.</summary>
    public TimeSpan TimedFor { get; init; } = new LatencyOptions().Time;

    /// <summary>The process's own streams.</summary>
    public static CliContext ForConsole(CancellationToken cancellation)
    {
        // A dumb terminal cannot move its cursor.
        var drawable = Environment.GetEnvironmentVariable("TERM") != "dumb";
#pragma warning disable CA2000, RS0030 // They live as long as the process, and here alone its streams become what verbs talk to.
        return new(new StandardStream(() => Console.Out, isTalk: false), new StandardStream(() => Console.Error, isTalk: true), drawable && !Console.IsOutputRedirected, drawable && !Console.IsErrorRedirected, cancellation);
#pragma warning restore CA2000, RS0030
    }
}
