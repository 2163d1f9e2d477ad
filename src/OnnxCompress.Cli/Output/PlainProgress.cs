using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Output;

/// <summary>
/// Progress for logs: one line when a stage ends, and one now and then in a long stage, whether or not the stage says
/// anything: a log that stands still looks like a program that hangs.
/// </summary>
internal sealed class PlainProgress : IProgress<ProgressUpdate>
{
    /// <summary>How long the log is silent; with the wait for the next look at the clock, under ten seconds.</summary>
    public static readonly TimeSpan LongStage = TimeSpan.FromSeconds(8);

    /// <summary>Looks at the clock in one silence.</summary>
    private const int Looks = 8;

    private readonly TextWriter _error;
    private readonly TimeSpan _silence;
    private readonly Lock _turn = new();
    private readonly StageClock _whole = new();
    private ProgressUpdate? _last;
    private StageClock _stage = new();
    private bool _isOver;
    private long _lastLine = Stopwatch.GetTimestamp();

    private PlainProgress(TextWriter error, TimeSpan silence) => (_error, _silence) = (error, silence);

    /// <summary>Runs work.</summary>
    /// <param name="error">Where the lines go.</param>
    /// <param name="silence">Time between two lines of one stage; zero: one for each report, and none in between.</param>
    /// <param name="work">What to do.</param>
    public static T Run<T>(TextWriter error, TimeSpan silence, Func<IProgress<ProgressUpdate>, T> work)
    {
        var progress = new PlainProgress(error, silence);
        using var clock = progress.Watch();
        try
        {
            var result = work(progress);
            lock (progress._turn)
            {
                progress.EndStage();
            }

            return result;
        }
        finally
        {
            // A look at the clock may be under way.
            lock (progress._turn)
            {
                progress._isOver = true;
            }
        }
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
            }

            _stage.See(value);
            if (value.Stage == _last?.Stage && value.Done != value.Total && IsSilent)
            {
                Write(Line(value));
            }

            _last = value;
        }
    }

    private bool IsSilent => Stopwatch.GetElapsedTime(_lastLine) >= _silence;

    private Timer? Watch() => _silence > TimeSpan.Zero ? new Timer(_ => SaySomething(), null, _silence / Looks, _silence / Looks) : null;

    private void SaySomething()
    {
        lock (_turn)
        {
            if (_isOver || !IsSilent)
            {
                return;
            }

            Write(_last is { } last ? Line(last) : $"working: {StageClock.Text(_whole.Elapsed)} so far");
        }
    }

    private void EndStage()
    {
        if (_last is not null)
        {
            Write(string.Create(CultureInfo.InvariantCulture, $"{_last.Stage}: {_stage.Elapsed.TotalSeconds:F1} s"));
        }
    }

    private void Write(string line)
    {
        _error.WriteLine(line);
        _lastLine = Stopwatch.GetTimestamp();
    }

    /// <summary>How far a stage is, and what is left or, where that cannot be foreseen, what it has taken.</summary>
    private string Line(ProgressUpdate update)
    {
        var time = _stage.Left(update) is { } left ? $"about {StageClock.RoundedUp(left)} left" : $"{StageClock.Text(_stage.Elapsed)} so far";
        var far = update.Total == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{update.Done:N0} of {update.Total:N0}, ");
        return $"{update.Stage}: {far}{time}{Note(update)}";
    }

    private static string Note(ProgressUpdate update) => update.Note is null ? "" : $" ({PlainText.OneLine(update.Note)})";
}
