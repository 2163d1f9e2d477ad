namespace OnnxCompress.Running;

/// <summary>
/// How many batches run at once, and with how many threads each. Runs side by side, each of one thread, keep all threads busy with
/// what lies around a run, too, and wait for each other once; the threads of one run wait behind every operator.
/// </summary>
/// <param name="Runs">Batches at once.</param>
/// <param name="Threads">Threads of each.</param>
internal readonly record struct SideBySide(int Runs, int Threads)
{
    /// <summary>What the session of these runs is opened with.</summary>
    public SessionSettings Settings => new(Threads, Spin: false);

    /// <summary>Chooses.</summary>
    /// <param name="threads">Threads there are; 0 means all cores.</param>
    /// <param name="batches">Batches there are.</param>
    /// <param name="most">Batches that memory has room for.</param>
    public static SideBySide Of(int threads, int batches, long most)
    {
        var all = threads > 0 ? threads : Environment.ProcessorCount;
        var runs = (int)Math.Min(Math.Min(all, batches), Math.Max(1, most));
        // Where fewer than half of the threads would have a batch, all of them share one.
        return 2 * runs > all ? new(runs, 1) : new(1, all);
    }

    /// <summary>Batches at once in a session that was opened so: one, where the runtime has threads of its own.</summary>
    public int RunsOf(IModelSession session) => session.RunsInCallingThread ? Runs : 1;
}
