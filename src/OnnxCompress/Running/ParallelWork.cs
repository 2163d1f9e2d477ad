using System.Runtime.ExceptionServices;

namespace OnnxCompress.Running;

/// <summary>Independent pieces of work on several threads; a failure arrives as itself, not wrapped.</summary>
internal static class ParallelWork
{
    /// <summary>Runs <paramref name="work"/> for 0 to <paramref name="count"/> - 1.</summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="threads">Most threads; 0 means all cores.</param>
    /// <param name="work">What one piece does; pieces must not write to the same memory.</param>
    /// <param name="cancellation">Stops before the next piece.</param>
    public static void For(int count, int threads, Action<int> work, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : -1, CancellationToken = cancellation };
        try
        {
            Parallel.For(0, count, options, work);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
