using System.Diagnostics;

namespace OnnxCompress.Running;

/// <summary>
/// Times a run. One that works in the thread that asks for it takes the processor's time where that is less than the time that went
/// by: while other programs hold the core the run stands still, and on a busy machine no run of some length is left alone.
/// </summary>
internal readonly struct RunClock
{
    // Elsewhere processor time moves in steps that are longer than a run.
    private static readonly bool IsFine = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();

    private readonly bool _countsProcessor;
    private readonly long _start;
    private readonly TimeSpan _processor;

    private RunClock(bool countsProcessor)
    {
        _countsProcessor = countsProcessor;
        _processor = countsProcessor && IsFine ? Processor() : default;
        _start = Stopwatch.GetTimestamp();
    }

    /// <summary>Milliseconds since the start.</summary>
    public double Milliseconds
    {
        get
        {
            var passed = Stopwatch.GetElapsedTime(_start);
            return (_countsProcessor && IsFine && Processor() - _processor is var worked && worked < passed && worked > TimeSpan.Zero ? worked : passed).TotalMilliseconds;
        }
    }

    /// <summary>Starts before a run.</summary>
    /// <param name="session">What runs.</param>
    public static RunClock Start(IModelSession session) => new(session.RunsInCallingThread);

    private static TimeSpan Processor() => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() ? Environment.CpuUsage.TotalTime : default;
}
