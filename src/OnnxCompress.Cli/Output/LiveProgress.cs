using OnnxCompress.Diagnostics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace OnnxCompress.Cli.Output;

/// <summary>Progress drawn in place: a bar for each stage, with the time that is left; gone when the work is done.</summary>
internal sealed class LiveProgress : IProgress<ProgressUpdate>
{
    // What stands beside the bar: spinner, the longest stage, percents, time, and the spaces between.
    private const int BesideBar = 40;
    private const int LongestBar = 40;
    private const int ShortestBar = 8;

    private readonly ProgressContext _context;
    private readonly Dictionary<string, Stage> _stages = new(StringComparer.Ordinal);
    private readonly Lock _turn = new();
    private readonly TimeColumn _times;

    private LiveProgress(ProgressContext context, TimeColumn times) => (_context, _times) = (context, times);

    /// <summary>Runs work.</summary>
    public static T Run<T>(TextWriter error, Func<IProgress<ProgressUpdate>, T> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(error),
            ColorSystem = NoColor.IsSet ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        var times = new TimeColumn();
        var bar = Math.Min(LongestBar, console.Profile.Width - BesideBar);
        ProgressColumn[] columns = bar < ShortestBar
            ? [new TaskDescriptionColumn { Alignment = Justify.Left }, new PercentageColumn(), times]
            : [new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = bar }, new PercentageColumn(), times];
        return console.Progress().AutoClear(true).Columns(columns).Start(context => work(new LiveProgress(context, times)));
    }

    /// <inheritdoc />
    public void Report(ProgressUpdate value)
    {
        lock (_turn)
        {
            if (!_stages.TryGetValue(value.Stage, out var stage))
            {
                foreach (var earlier in _stages.Values)
                {
                    earlier.End();
                }

                _stages[value.Stage] = stage = new(_context.AddTask(Markup.Escape(value.Stage)));
                _times.Stages[stage.Task.Id] = stage;
            }

            stage.Show(value);
        }
    }

    /// <summary>One line of the display.</summary>
    private sealed class Stage(ProgressTask task)
    {
        private readonly StageClock _clock = new();
        private volatile Estimate? _estimate;

        public ProgressTask Task => task;

        /// <summary>What is left, once that can be foreseen; before that and afterwards, what it has taken.</summary>
        public string Time => _clock.IsOver || _estimate is not { } estimate
            ? StageClock.Text(_clock.Elapsed)
            : StageClock.RoundedUp(estimate.Left - (_clock.Elapsed - estimate.At)) + " left";

        public void Show(ProgressUpdate update)
        {
            task.IsIndeterminate = update.Total == 0;
            task.MaxValue = Math.Max(1, update.Total);
            task.Value = update.Done;
            task.Description = Markup.Escape(PlainText.OneLine(update.Note is null ? update.Stage : $"{update.Stage} {update.Note}"));
            _estimate = _clock.Left(update) is { } left ? new(left, _clock.Elapsed) : null;
        }

        public void End()
        {
            if (!_clock.IsOver)
            {
                _clock.Stop();
                task.IsIndeterminate = false;
                task.Value = task.MaxValue;
            }
        }

        // Units can be long: between two reports the time that is left runs down.
        private sealed record Estimate(TimeSpan Left, TimeSpan At);
    }

    /// <summary>The time beside each bar.</summary>
    private sealed class TimeColumn : ProgressColumn
    {
        // "59 min left" fits; a fixed width keeps the bars where they are.
        private const int Width = 11;

        public System.Collections.Concurrent.ConcurrentDictionary<int, Stage> Stages { get; } = new();

        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(Stages.TryGetValue(task.Id, out var stage) ? stage.Time : "", new Style(Color.Blue));

        public override int? GetColumnWidth(RenderOptions options) => Width;
    }
}
