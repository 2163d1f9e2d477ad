using OnnxCompress.Models;

namespace OnnxCompress.Timing;

/// <summary>Says how long layers take in the runtime that the model is made for.</summary>
internal interface INodeTimer
{
    /// <summary>
    /// Milliseconds that each chain adds to a run. Chains of one call are measured in turns, so that they can be compared.
    /// </summary>
    /// <param name="chains">The chains; one without nodes takes no time.</param>
    /// <param name="cancellation">Stops between runs.</param>
    IReadOnlyList<double> Time(IReadOnlyList<TimedChain> chains, CancellationToken cancellation);

    /// <summary>
    /// Milliseconds of one run of a whole model, measured as nodes are: what other programs do to the machine must not count
    /// for the one and not for the other, or all of it would look like work that no plan can save.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="feeds">One tensor for each of its inputs.</param>
    /// <param name="cancellation">Stops between runs.</param>
    double TimeModel(OnnxModel model, IReadOnlyList<HostTensor> feeds, CancellationToken cancellation);
}
