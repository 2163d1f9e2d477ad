using OnnxCompress.Diagnostics;
using Spectre.Console;

namespace OnnxCompress.Cli.Output;

/// <summary>Progress drawn in place: a bar for each stage, with the time that is left; gone when the work is done.</summary>
internal sealed class LiveProgress : IProgress<ProgressUpdate>
{
    private readonly ProgressContext _context;
    private readonly Dictionary<string, ProgressTask> _stages = new(StringComparer.Ordinal);
    private readonly Lock _turn = new();

    private LiveProgress(ProgressContext context) => _context = context;

    /// <summary>Runs work.</summary>
    public static T Run<T>(TextWriter error, Func<IProgress<ProgressUpdate>, T> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(error),
            ColorSystem = NoColor.IsSet ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        return console.Progress()
            .AutoClear(true)
            .Columns(
                new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context => work(new LiveProgress(context)));
    }

    /// <inheritdoc />
    public void Report(ProgressUpdate value)
    {
        lock (_turn)
        {
            if (!_stages.TryGetValue(value.Stage, out var task))
            {
                foreach (var earlier in _stages.Values)
                {
                    earlier.Value = earlier.MaxValue;
                }

                _stages[value.Stage] = task = _context.AddTask(Markup.Escape(value.Stage));
            }

            task.IsIndeterminate = value.Total == 0;
            task.MaxValue = Math.Max(1, value.Total);
            task.Value = value.Done;
            task.Description = Markup.Escape(value.Note is null ? value.Stage : $"{value.Stage} {value.Note}");
        }
    }
}
