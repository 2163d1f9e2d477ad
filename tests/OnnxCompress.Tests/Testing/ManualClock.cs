namespace OnnxCompress.Tests.Testing;

/// <summary>A clock that stands until it is told to go on.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly List<Alarm> _alarms = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(() => callback(state), _now + dueTime);
        _alarms.Add(alarm);
        return alarm;
    }

    public void Advance(double seconds)
    {
        _now += TimeSpan.FromSeconds(seconds);
        foreach (var alarm in _alarms.Where(alarm => alarm.Due <= _now).ToArray())
        {
            _alarms.Remove(alarm);
            alarm.Ring();
        }
    }

    private sealed class Alarm(Action ring, TimeSpan due) : ITimer
    {
        private bool _isOff;

        public TimeSpan Due => due;

        public void Ring()
        {
            if (!_isOff)
            {
                ring();
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose() => _isOff = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
