using System.CommandLine;
using OnnxCompress.Cli.Options;
using OnnxCompress.Cli.Verbs;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli;

/// <summary>The command line: parses, runs a verb, and turns whatever happens into one line and an exit code.</summary>
internal static class CommandLineApp
{
    /// <summary>Runs the tool.</summary>
    /// <param name="args">Verb, arguments and options.</param>
    /// <param name="context">Where to talk.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static int Run(IReadOnlyList<string> args, CliContext context)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Cancellation);
        context = context with { Cancellation = stop.Token };
        try
        {
            var (root, buildRun) = (CreateRoot(context), BuildRun.CreateOption());
            root.Options.Add(buildRun);
            var parsed = root.Parse(args);
            // Help and completion answer command lines that are not finished.
            if (parsed.Action is not { ClearsParseErrors: true } && ParseErrors.First(parsed) is { } error)
            {
                return Fail(error, context);
            }

#pragma warning disable RS0030 // Nothing is read from it: its end says that the build is gone.
            using var input = Console.OpenStandardInput();
#pragma warning restore RS0030
            using var run = parsed.GetValue(buildRun) is { } file ? BuildRun.Begin(file, input, context.Error, stop) : null;
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = context.Output,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (OnnxCompressException refused)
        {
            return Fail(refused.Diagnostic, context);
        }
        catch (AggregateException several) when (several.Flatten().InnerExceptions is [OnnxCompressException refused, ..])
        {
            return Fail(refused.Diagnostic, context);
        }
        catch (OperationCanceledException)
        {
            context.Error.WriteLine(new Diagnostic(DiagnosticCodes.Cancelled, Severity.Error, "Cancelled; nothing was written."));
            return ExitCodes.Cancelled;
        }
        catch (Exception failure) when (NativeLibraries.Absent(failure) is { } absent)
        {
            return Fail(absent, context);
        }
        catch (Exception defect) when (defect is not OutOfMemoryException)
        {
            context.Error.WriteLine(new Diagnostic(
                DiagnosticCodes.InternalError,
                Severity.Error,
                $"This is a defect of the tool, please report it with the command line: {defect.GetType().Name}: {OneLine(defect.Message)}"));
            if (args.Contains("--verbose"))
            {
                context.Error.WriteLine(PlainText.Escape(defect.ToString()));
            }

            return ExitCodes.Internal;
        }
    }

    /// <summary>The verbs.</summary>
    internal static RootCommand CreateRoot(CliContext context)
    {
        var root = new RootCommand(
            "Makes trained ONNX models smaller and faster, and proves with ONNX Runtime that they still decide as before.");
        HelpWithExamples.Install(root);
        root.Subcommands.Add(CompressVerb.Create(context, PipelinePart.Compress));
        root.Subcommands.Add(InspectVerb.Create(context));
        root.Subcommands.Add(CalibrateVerb.Create(context));
        root.Subcommands.Add(MergeVerb.Create(context));
        root.Subcommands.Add(CompressVerb.Create(context, PipelinePart.Plan));
        root.Subcommands.Add(CompressVerb.Create(context, PipelinePart.Apply));
        root.Subcommands.Add(ExploreVerb.Create(context));
        root.Subcommands.Add(VerifyVerb.Create(context));
        return root;
    }

    private static int Fail(Diagnostic diagnostic, CliContext context)
    {
        context.Error.WriteLine(diagnostic with { Message = OneLine(diagnostic.Message) });
        return ExitCodes.For(diagnostic.Code);
    }

    private static string OneLine(string text) => PlainText.OneLine(text);
}
