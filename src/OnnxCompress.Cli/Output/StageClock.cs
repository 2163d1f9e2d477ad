using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Output;

/// <summary>How long a stage has taken, and how long it will still take at the pace so far.</summary>
internal sealed class StageClock
{
    // Longer than any stage is sensibly foreseen.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(9);

    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan? _end;
    private (int Done, TimeSpan At) _units;

    /// <summary>Time since the stage began, or that it took.</summary>
    public TimeSpan Elapsed => _end ?? Stopwatch.GetElapsedTime(_start);

    /// <summary>Whether the stage is over.</summary>
    public bool IsOver => _end is not null;

    /// <summary>Ends the stage.</summary>
    public void Stop() => _end ??= Elapsed;

    /// <summary>Notes when units are done, for <see cref="Left"/>.</summary>
    public void See(ProgressUpdate update)
    {
        if (update.Done != _units.Done)
        {
            _units = (update.Done, Elapsed);
        }
    }

    /// <summary>
    /// What is left at the pace of the units that are done, from when the last of them was; null before the first unit is
    /// done, after the last, where the number of units is not known, and once a unit takes so long that all should be over.
    /// </summary>
    public TimeSpan? Left(ProgressUpdate update)
    {
        See(update);
        if (update.Done <= 0 || update.Total <= update.Done)
        {
            return null;
        }

        var left = (_units.At * ((double)(update.Total - update.Done) / update.Done)) - (Elapsed - _units.At);
        return left <= TimeSpan.Zero ? null : left < Longest ? left : Longest;
    }

    /// <summary>A duration to read: <c>0.4 s</c>, <c>12 s</c>, <c>3 min</c>, <c>2 h</c>.</summary>
    public static string Text(TimeSpan time) => time switch
    {
        { TotalSeconds: < 9.95 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F1} s"),
        { TotalSeconds: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F0} s"),
        { TotalMinutes: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalMinutes):F0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalHours):F0} h"),
    };

    /// <summary>An estimate to read, in whole units and never below the truth.</summary>
    public static string RoundedUp(TimeSpan time) => Text(time.TotalSeconds < 90 ? TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(time.TotalSeconds))) : time)
        .Replace(".0 s", " s", StringComparison.Ordinal);
}
