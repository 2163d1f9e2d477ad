using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Output;

/// <summary>Progress for logs: one line when a stage ends, and one now and then in a long stage.</summary>
internal sealed class PlainProgress : IProgress<ProgressUpdate>
{
    private static readonly TimeSpan LongStage = TimeSpan.FromSeconds(15);

    private readonly TextWriter _error;
    private readonly Lock _turn = new();
    private ProgressUpdate? _last;
    private long _stageStart;
    private long _lastLine;

    private PlainProgress(TextWriter error) => _error = error;

    /// <summary>Runs work.</summary>
    public static T Run<T>(TextWriter error, Func<IProgress<ProgressUpdate>, T> work)
    {
        var progress = new PlainProgress(error);
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
            else if (Stopwatch.GetElapsedTime(_lastLine) > LongStage)
            {
                _lastLine = Stopwatch.GetTimestamp();
                _error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{value.Stage}: {value.Done:N0} of {value.Total:N0}{Note(value)}"));
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

    private static string Note(ProgressUpdate update) => update.Note is null ? "" : $" ({update.Note})";
}
