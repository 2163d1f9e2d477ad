using OnnxCompress.Models.Protos;

namespace OnnxCompress.Tests.Testing;

/// <summary>
/// Counts what a file costs, apart from the code that is tested: parameters by a walk over the protobuf, multiply-accumulates
/// from the shapes that the runtime gives when every tensor is asked for. For float models without branches.
/// </summary>
internal static class FileCount
{
    /// <summary>Names of tables of angles, in which nothing was learnt.</summary>
    public static IEnumerable<string> Angles(GraphProto graph) => graph.Node.SelectMany(n => n.OpType switch
    {
        "RotaryEmbedding" => n.Input.Skip(1),
        "GroupQueryAttention" => n.Input.Skip(7).Take(2),
        _ => [],
    });

    /// <summary>Elements of the float tensors that some node reads, each stored one once.</summary>
    public static long Parameters(byte[] file)
    {
        var graph = ModelProto.Parser.ParseFrom(file).Graph;
        var read = graph.Node.SelectMany(n => n.Input).Except(Angles(graph)).ToHashSet(StringComparer.Ordinal);
        var stored = graph.Initializer.Select(t => (t.Name, Tensor: t))
            .Concat(graph.Node.Where(n => n.OpType == "Constant").SelectMany(n => n.Attribute.Where(a => a.Name == "value").Select(a => (Name: n.Output[0], Tensor: a.T))));
        return stored.Where(s => read.Contains(s.Name) && s.Tensor.DataType is 1 or 10 or 11).Sum(s => Product(s.Tensor.Dims));
    }

    /// <summary>Products of one sample in Conv, ConvTranspose, Gemm and MatMul, and in what is another word for one of them.</summary>
    public static long Macs(byte[] file, int samples)
    {
        var model = OnnxCompress.Models.OnnxModel.Load(file);
        // What a function holds has names, and so shapes, only where it is called.
        model.InlineFunctions();
        var proto = ModelProto.Parser.ParseFrom(model.ToBytes());
        string[] names = [.. proto.Graph.Node.Where(n => n.OpType is "Conv" or "ConvTranspose" or "Gemm" or "MatMul" or "FusedMatMul" or "Einsum" or "LSTM" or "GRU" or "RNN").SelectMany(n => n.Input.Concat(n.Output))
            .Concat(proto.Graph.Node.Where(n => n.OpType is "Attention" or "MultiHeadAttention" or "GroupQueryAttention").SelectMany(n => n.Input.Take(2).Append(n.Output[0])))
            .Where(n => n.Length > 0).Distinct()];
        var constants = proto.Graph.Initializer.ToDictionary(t => t.Name, t => t.Dims.ToArray(), StringComparer.Ordinal);
        string[] asked = [.. names.Where(n => !constants.ContainsKey(n) && proto.Graph.Input.All(i => i.Name != n))];
        var known = ModelRunner.Run(model.Observing(asked), ModelRunner.Samples(model, samples), samples, outputs: asked).ToDictionary(o => o.Name, o => o.Dims, StringComparer.Ordinal);
        foreach (var input in ModelRunner.Samples(model, samples).Read(OnnxCompress.Samples.SampleBatches.Of(samples, model.Inputs, samples).First().Indices))
        {
            known[input.Name] = [.. input.Dims];
        }

        long[] Dims(string name) => constants.TryGetValue(name, out var dims) ? dims : known[name];
        Dictionary<char, long> Letters(NodeProto node)
        {
            var equation = node.Attribute.Single(a => a.Name == "equation").S.ToStringUtf8();
            return equation.Split("->")[0].Split(',').SelectMany((term, i) => term.Trim().Zip(Dims(node.Input[i]))).DistinctBy(p => p.First).ToDictionary(p => p.First, p => p.Second);
        }

        return proto.Graph.Node.Sum(n => n.OpType switch
        {
            "Conv" => Product(Dims(n.Output[0])) * Product(Dims(n.Input[1]).Skip(1)),
            "ConvTranspose" => Product(Dims(n.Input[0])) * Product(Dims(n.Input[1]).Skip(1)),
            "Gemm" => Product(Dims(n.Output[0])) * Dims(n.Input[0])[n.Attribute.Any(a => a.Name == "transA" && a.I != 0) ? 0 : 1],
            "MatMul" => Product(Dims(n.Output[0])) * Dims(n.Input[0])[^1],
            "FusedMatMul" => Product(Dims(n.Output[0])) * Dims(n.Input[0])[n.Attribute.Any(a => a.Name == "transA" && a.I != 0) ? ^2 : ^1],
            // Without caches: scores, and what they weigh; in front of the one, a product for queries, keys and values.
            "MultiHeadAttention" => (Product(Dims(n.Input[0])) + Product(Dims(n.Output[0]))) * Dims(n.Input[1])[1],
            "GroupQueryAttention" => 2 * Product(Dims(n.Output[0])) * Dims(n.Output[0])[1],
            "Attention" => (Product(Dims(n.Input[0])) * Dims(n.Input[1])[1]) + ((((Dims(n.Input[1])[1] - Dims(n.Output[0])[^1]) / 2) + Dims(n.Output[0])[^1]) * Product(Dims(n.Input[0]).Take(2)) * Dims(n.Input[0])[1]),
            // Each letter of the equation is a loop.
            "Einsum" => Product(Letters(n).Values),
            // In each step of each sample the input and the state, by all gates.
            "LSTM" or "GRU" or "RNN" => Product(Dims(n.Input[0]).Take(2)) * (Product(Dims(n.Input[1])) + Product(Dims(n.Input[2]))),
            _ => 0,
        });
    }

    private static long Product(IEnumerable<long> sizes) => sizes.Aggregate(1L, (product, size) => product * size);
}
