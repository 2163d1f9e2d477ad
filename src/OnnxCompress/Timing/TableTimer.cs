using OnnxCompress.Models;

namespace OnnxCompress.Timing;

/// <summary>Times by the table for this CPU, see <see cref="VectorTimes"/>: nothing is run, and every run says the same.</summary>
/// <param name="vector">Channels in a vector.</param>
internal sealed class TableTimer(int vector) : INodeTimer
{
    /// <inheritdoc />
    public IReadOnlyList<double> Time(IReadOnlyList<TimedChain> chains, CancellationToken cancellation) => [.. chains.Select(c => VectorTimes.Of(c, vector))];

    /// <inheritdoc />
    public double TimeModel(OnnxModel model, IReadOnlyList<HostTensor> feeds, CancellationToken cancellation) =>
        throw new NotSupportedException("The table knows layers, not models.");
}
