using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;

namespace OnnxCompress.Cli.Output;

/// <summary>Everything a verb says: results go to stdout, talk to stderr.</summary>
/// <param name="context">The streams.</param>
/// <param name="verbosity">How much is said.</param>
/// <param name="json">Whether stdout takes JSON and nothing else.</param>
internal sealed class Talk(CliContext context, Verbosity verbosity, bool json)
{
    /// <summary>Whether stdout takes JSON and nothing else.</summary>
    public bool Json => json;

    /// <summary>Whether detail is wanted.</summary>
    public bool IsVerbose => verbosity == Verbosity.Verbose;

    /// <summary>A diagnostic; information only when detail is wanted.</summary>
    public void Say(Diagnostic diagnostic)
    {
        if (diagnostic.Severity != Severity.Information || IsVerbose)
        {
            context.Error.WriteLine(diagnostic with { Message = PlainText.OneLine(diagnostic.Message) });
        }
    }

    /// <summary>A warning.</summary>
    public void Warn(string code, string message) => Say(new(code, Severity.Warning, message));

    /// <summary>A line of talk, unless quiet.</summary>
    public void Line(string text)
    {
        if (verbosity != Verbosity.Quiet)
        {
            context.Error.WriteLine(PlainText.OneLine(text));
        }
    }

    /// <summary>A line of the result, unless the result is JSON.</summary>
    public void Result(string text)
    {
        if (!json)
        {
            context.Output.WriteLine(string.Join(Environment.NewLine, text.Split(Environment.NewLine).Select(PlainText.OneLine)));
        }
    }

    /// <summary>A table of the result, unless the result is JSON or the table is empty.</summary>
    public void Result(ResultTable table)
    {
        if (!json && table.Rows.Count > 0)
        {
            TablePrinter.Print(table, context.Output, context.OutputIsTerminal);
        }
    }

    /// <summary>The result as JSON.</summary>
    public void ResultJson(string text) => context.Output.Write(text);

    /// <summary>Runs work with a progress display that suits the terminal.</summary>
    public T WithProgress<T>(Func<IProgress<ProgressUpdate>, T> work) =>
        verbosity == Verbosity.Quiet ? work(new SilentProgress())
        : context.ErrorIsTerminal ? LiveProgress.Run(context.Error, work)
        : PlainProgress.Run(context.Error, PlainProgress.LongStage, work);
}
