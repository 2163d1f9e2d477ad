using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Output;

/// <summary>Progress for logs: one line when a stage ends, and one now and then in a long stage.</summary>
internal sealed class PlainProgress : IProgress<ProgressUpdate>
{
    /// <summary>How long a stage is silent.</summary>
    public static readonly TimeSpan LongStage = TimeSpan.FromSeconds(15);

    private readonly TextWriter _error;
    private readonly TimeSpan _silence;
    private readonly Lock _turn = new();
    private ProgressUpdate? _last;
    private StageClock _stage = new();
    private long _lastLine;

    private PlainProgress(TextWriter error, TimeSpan silence) => (_error, _silence) = (error, silence);

    /// <summary>Runs work.</summary>
    /// <param name="error">Where the lines go.</param>
    /// <param name="silence">Time between two lines of one stage.</param>
    /// <param name="work">What to do.</param>
    public static T Run<T>(TextWriter error, TimeSpan silence, Func<IProgress<ProgressUpdate>, T> work)
    {
        var progress = new PlainProgress(error, silence);
        var result = work(progress);
        lock (progress._turn)
        {
            progress.EndStage();
        }

        return result;
    }

    /// <inheritdoc />
    public void Report(ProgressUpdate value)
    {
        lock (_turn)
        {
            if (value.Stage != _last?.Stage)
            {
                EndStage();
                _stage = new();
                _lastLine = Stopwatch.GetTimestamp();
            }
            else if (value.Done != value.Total && Stopwatch.GetElapsedTime(_lastLine) > _silence)
            {
                _lastLine = Stopwatch.GetTimestamp();
                _error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{value.Stage}: {value.Done:N0} of {value.Total:N0}{Left(value)}{Note(value)}"));
            }

            _last = value;
        }
    }

    private void EndStage()
    {
        if (_last is not null)
        {
            _error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_last.Stage}: {_stage.Elapsed.TotalSeconds:F1} s"));
        }
    }

    private string Left(ProgressUpdate update) => _stage.Left(update) is { } left ? $", about {StageClock.RoundedUp(left)} left" : "";

    private static string Note(ProgressUpdate update) => update.Note is null ? "" : $" ({PlainText.OneLine(update.Note)})";
}
