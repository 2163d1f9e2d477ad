using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// Times the stages and announces each. While a search runs them many times, what they report becomes the note of its round:
/// the display shows one stage that moves on, not a hundred short ones.
/// </summary>
/// <param name="progress">Told when a stage begins, and what stages report.</param>
internal sealed class StageWatch(IProgress<ProgressUpdate>? progress) : IProgress<ProgressUpdate>
{
    private readonly Dictionary<string, double> _seconds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _peaks = new(StringComparer.Ordinal);

    /// <summary>What was measured so far; stages that did not run took no time.</summary>
    public StageTimes Times => new(Of("analyze"), Of("calibrate"), Of("select"), Of("allocate"), Of("reconstruct"), Of("compare"))
    {
        PeakBytes = _peaks,
    };

    private ProgressUpdate? _round;

    /// <summary>A round of a search begins, which runs stages many times; <see cref="EndRounds"/> ends the last.</summary>
    /// <param name="search">What the search is called.</param>
    /// <param name="round">Rounds before this one.</param>
    /// <param name="rounds">Rounds at most.</param>
    public void BeginRound(string search, int round, int rounds)
    {
        _round = new ProgressUpdate(search, round, rounds);
        progress?.Report(_round);
    }

    /// <summary>The search is over.</summary>
    public void EndRounds()
    {
        if (_round is { } last)
        {
            progress?.Report(last with { Done = last.Total });
        }

        _round = null;
    }

    /// <inheritdoc />
    public void Report(ProgressUpdate value) => progress?.Report(_round is { } round ? round with { Note = NoteOf(value) } : value);

    /// <summary>Runs a stage.</summary>
    public T Time<T>(string stage, Func<T> work)
    {
        Report(new ProgressUpdate(stage, 0, 0));
        var start = Stopwatch.GetTimestamp();
        var result = work();
        // A search plans and reconstructs many times.
        _seconds[stage] = Of(stage) + Stopwatch.GetElapsedTime(start).TotalSeconds;
        using var process = Process.GetCurrentProcess();
        _peaks[stage] = process.PeakWorkingSet64;
        return result;
    }

    private static string NoteOf(ProgressUpdate value) =>
        value.Total == 0 ? value.Stage : string.Create(CultureInfo.InvariantCulture, $"{value.Stage} {value.Done:N0} of {value.Total:N0}");

    private double Of(string stage) => _seconds.GetValueOrDefault(stage);
}
