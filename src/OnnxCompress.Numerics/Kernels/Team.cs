namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// The threads of one call of a public operation: the caller and up to threads - 1 pool threads. A phase is a number of
/// tiles; whoever is free takes the next one, and the caller works too, so a pool that is slow to lend threads delays
/// nothing. Which thread runs a tile is left open; what a tile computes must not depend on it, and that is all that
/// determinism needs here. Between phases helpers spin for a moment, because phases of a factorisation follow each other
/// within microseconds, then sleep.
/// </summary>
internal sealed class Team : IDisposable
{
    private const int SpinsBeforeSleep = 200;

    private readonly object _gate = new();
    private readonly int _threads;
    private int _helpers;
    private int _sleeping;
    private bool _closed;
    private volatile Phase? _current;

    public Team(int threads)
    {
        _threads = threads;
    }

    /// <summary>Runs <paramref name="body"/> for every tile from 0 to <paramref name="tiles"/> - 1; returns when all are done.</summary>
    public void Run(int tiles, Action<int> body)
    {
        if (_threads == 1 || tiles <= 1)
        {
            for (var tile = 0; tile < tiles; tile++)
            {
                body(tile);
            }

            return;
        }

        var phase = new Phase(tiles, body);
        _current = phase;
        Call(Math.Min(_threads, tiles) - 1);
        phase.Work();
        phase.WaitForOthers();
        _current = null;
        phase.ThrowIfFailed();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    // Starts missing helpers and wakes sleeping ones.
    private void Call(int wanted)
    {
        lock (_gate)
        {
            for (; _helpers < wanted; _helpers++)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static team => team.Help(), this, preferLocal: false);
            }

            if (_sleeping > 0)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    private void Help()
    {
        Phase? last = null;
        var spinner = new SpinWait();
        while (true)
        {
            var phase = _current;
            if (phase is not null && phase != last)
            {
                phase.Work();
                last = phase;
                spinner.Reset();
            }
            else if (Volatile.Read(ref _closed))
            {
                return;
            }
            else if (spinner.Count < SpinsBeforeSleep)
            {
                spinner.SpinOnce(sleep1Threshold: -1);
            }
            else
            {
                Sleep(last);
                spinner.Reset();
            }
        }
    }

    private void Sleep(Phase? last)
    {
        lock (_gate)
        {
            _sleeping++;
            while (!_closed && (_current is null || _current == last))
            {
                Monitor.Wait(_gate);
            }

            _sleeping--;
        }
    }

    /// <summary>Tiles of one phase and how many are taken and done.</summary>
    private sealed class Phase(int tiles, Action<int> body)
    {
        private int _next;
        private int _done;
        private Exception? _failure;

        public void Work()
        {
            int tile;
            while ((tile = Interlocked.Increment(ref _next) - 1) < tiles)
            {
                try
                {
                    body(tile);
                }
#pragma warning disable CA1031 // Handed to the caller's thread by ThrowIfFailed; a pool thread must not die of it.
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    Interlocked.CompareExchange(ref _failure, failure, null);
                }

                Interlocked.Increment(ref _done);
            }
        }

        public void WaitForOthers()
        {
            var spinner = new SpinWait();
            while (Volatile.Read(ref _done) < tiles)
            {
                spinner.SpinOnce(sleep1Threshold: -1);
            }
        }

        public void ThrowIfFailed()
        {
            if (_failure is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
            }
        }
    }
}
