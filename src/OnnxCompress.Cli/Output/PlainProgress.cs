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
    private long _stageStart;
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
                _stageStart = _lastLine = Stopwatch.GetTimestamp();
            }
            else if (Stopwatch.GetElapsedTime(_lastLine) > _silence)
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
            _error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_last.Stage}: {Stopwatch.GetElapsedTime(_stageStart).TotalSeconds:F1} s"));
        }
    }

    // At the pace so far; there is nothing to go by before the first unit is done.
    private string Left(ProgressUpdate update) =>
        update.Done > 0 && update.Total > update.Done
            ? $", about {Duration(Stopwatch.GetElapsedTime(_stageStart) * ((double)(update.Total - update.Done) / update.Done))} left"
            : "";

    private static string Duration(TimeSpan time) => time.TotalSeconds < 90
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalSeconds):F0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalMinutes):F0} min");

    private static string Note(ProgressUpdate update) => update.Note is null ? "" : $" ({update.Note})";
}
