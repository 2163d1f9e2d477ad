using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
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
        string Name(string what) => model.Graph.UniqueName($"probe_{what}");
        var (input, weight, output) = (Name("input"), Name("weight"), Name("output"));
        var constant = Node("Constant", [], weight);
        constant.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = Weight() });
        GraphNode[] nodes = [new(constant, weight), new(Node("MatMulInteger", [input, weight], output), output)];
        // Of the model it has no more than operator sets: weights of a large one are not copied for this.
        var alone = model.Extract(nodes, [new TensorInfo(input, ElementType.UInt8, [new Dimension(Rows), new Dimension(Inner)])], [output]);
        using var session = runtime.Open(alone, new SessionSettings(Threads: 1, Spin: false));
        var values = new byte[Rows * Inner];
        values.AsSpan().Fill(ByteScale.Most);
        using var run = session.Run([new HostTensor(input, ElementType.UInt8, [Rows, Inner], values)], [output], cancellation);
        var isRight = !run.Values<int>(0).ContainsAnyExcept(Inner * ByteScale.Most * WeightGrid.Full);
        return new WeightGrid(isRight ? WeightGrid.Full : WeightGrid.Reduced);
    }

    private static NodeProto Node(string opType, string[] inputs, string output) => new() { OpType = opType, Name = output, Input = { inputs }, Output = { output } };

    private static TensorProto Weight()
    {
        var tensor = new TensorProto { DataType = (int)ElementType.Int8, Dims = { Inner, Columns } };
        new Initializer(tensor).WriteBytes([Inner, Columns], [.. Enumerable.Repeat((byte)WeightGrid.Full, Inner * Columns)]);
        return tensor;
    }
}
