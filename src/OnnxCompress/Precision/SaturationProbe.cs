using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Precision;

/// <summary>
/// Asks the runtime, not a table of processors, whether it adds products of bytes in 16 bits, as it does on x64 without VNNI: two
/// products of 255 and 127 do not fit there, and the sum is wrong without a word.
/// </summary>
internal static class SaturationProbe
{
    private const int Rows = 4, Inner = 32, Columns = 16;

    /// <summary>The grid whose products are added right.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="model">Any model of operator set 10 or later; not changed.</param>
    /// <param name="cancellation">Stops the run.</param>
    public static WeightGrid GridFor(IModelRuntime runtime, OnnxModel model, CancellationToken cancellation)
    {
        var probe = model.Clone();
        var (input, weight, output) = (probe.Graph.UniqueName("probe_input"), probe.Graph.UniqueName("probe_weight"), probe.Graph.UniqueName("probe_output"));
        probe.Graph.AddInitializer(weight, ElementType.Int8, [Inner, Columns]).WriteBytes([Inner, Columns], [.. Enumerable.Repeat((byte)WeightGrid.Full, Inner * Columns)]);
        var node = probe.Graph.AddNode("MatMulInteger", output, [input, weight], [output]);
        var alone = probe.Extract([node], [new TensorInfo(input, ElementType.UInt8, [new Dimension(Rows), new Dimension(Inner)])], [output]);
        using var session = runtime.Open(alone, new SessionSettings(Threads: 1, Spin: false));
        var values = new byte[Rows * Inner];
        values.AsSpan().Fill(ByteScale.Most);
        using var run = session.Run([new HostTensor(input, ElementType.UInt8, [Rows, Inner], values)], [output], cancellation);
        var isRight = !run.Values<int>(0).ContainsAnyExcept(Inner * ByteScale.Most * WeightGrid.Full);
        return new WeightGrid(isRight ? WeightGrid.Full : WeightGrid.Reduced);
    }
}
