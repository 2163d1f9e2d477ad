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
    /// <summary>The process's own streams.</summary>
    public static CliContext ForConsole(CancellationToken cancellation)
    {
        // A dumb terminal cannot move its cursor.
        var drawable = Environment.GetEnvironmentVariable("TERM") != "dumb";
#pragma warning disable RS0030 // Here alone the process's streams become what verbs talk to.
        return new(Console.Out, Console.Error, drawable && !Console.IsOutputRedirected, drawable && !Console.IsErrorRedirected, cancellation);
#pragma warning restore RS0030
    }
}
