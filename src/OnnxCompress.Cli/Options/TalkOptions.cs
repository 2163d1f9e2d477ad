using System.CommandLine;
using OnnxCompress.Cli.Output;

namespace OnnxCompress.Cli.Options;

/// <summary>How much is said, and in which form.</summary>
internal sealed class TalkOptions
{
    private readonly Option<bool> _json = OptionFactory.Flag("--json", "The result as JSON on stdout; talk stays on stderr.");
    private readonly Option<bool> _quiet = OptionFactory.Flag("--quiet", "Only warnings and errors on stderr.");
    private readonly Option<bool> _verbose = OptionFactory.Flag("--verbose", "More detail.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_json);
        command.Options.Add(_quiet);
        command.Options.Add(_verbose);
    }

    /// <summary>Where and how a verb talks.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9014.</exception>
    public Talk Read(ParseResult parsed, CliContext context)
    {
        var (quiet, verbose) = (parsed.GetValue(_quiet), parsed.GetValue(_verbose));
        return quiet && verbose
            ? throw Usage.Conflict("--quiet and --verbose contradict each other.")
            : new(context, quiet ? Verbosity.Quiet : verbose ? Verbosity.Verbose : Verbosity.Normal, parsed.GetValue(_json));
    }
}
