namespace OnnxCompress.Allocation.Timing;

/// <summary>Says how long layers take in the runtime that the model is made for.</summary>
internal interface INodeTimer
{
    /// <summary>
    /// Milliseconds that each chain adds to a run. Chains of one call are measured in turns, so that they can be compared.
    /// </summary>
    /// <param name="chains">The chains; one without nodes takes no time.</param>
    /// <param name="cancellation">Stops between runs.</param>
    IReadOnlyList<double> Time(IReadOnlyList<TimedChain> chains, CancellationToken cancellation);
}
