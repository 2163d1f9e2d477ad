using System.Diagnostics;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>Times the stages and announces each.</summary>
/// <param name="progress">Told when a stage begins.</param>
internal sealed class StageWatch(IProgress<ProgressUpdate>? progress)
{
    private readonly Dictionary<string, double> _seconds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _peaks = new(StringComparer.Ordinal);

    /// <summary>What was measured so far; stages that did not run took no time.</summary>
    public StageTimes Times => new(Of("analyze"), Of("calibrate"), Of("select"), Of("allocate"), Of("reconstruct"), Of("compare"))
    {
        PeakBytes = _peaks,
    };

    /// <summary>Whether stages announce themselves; a search that runs them many times announces its rounds in their place.</summary>
    public bool Announces { get; set; } = true;

    /// <summary>Runs a stage.</summary>
    public T Time<T>(string stage, Func<T> work)
    {
        if (Announces)
        {
            progress?.Report(new ProgressUpdate(stage, 0, 0));
        }

        var start = Stopwatch.GetTimestamp();
        var result = work();
        // A search plans and reconstructs many times.
        _seconds[stage] = Of(stage) + Stopwatch.GetElapsedTime(start).TotalSeconds;
        using var process = Process.GetCurrentProcess();
        _peaks[stage] = process.PeakWorkingSet64;
        return result;
    }

    private double Of(string stage) => _seconds.GetValueOrDefault(stage);
}
