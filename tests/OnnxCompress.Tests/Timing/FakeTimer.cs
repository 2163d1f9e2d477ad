using OnnxCompress.Models;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Timing;

/// <summary>A timer whose times are a function of the node.</summary>
internal sealed class FakeTimer(Func<TimedNode, double> milliseconds) : INodeTimer
{
    public List<TimedChain> Asked { get; } = [];

    public IReadOnlyList<double> Time(IReadOnlyList<TimedChain> chains, CancellationToken cancellation)
    {
        Asked.AddRange(chains);
        return [.. chains.Select(c => c.Nodes.Sum(milliseconds))];
    }

    public double TimeModel(OnnxModel model, IReadOnlyList<HostTensor> feeds, CancellationToken cancellation) => throw new NotSupportedException();
}
