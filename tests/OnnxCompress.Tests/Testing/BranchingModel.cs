using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Samples;

namespace OnnxCompress.Tests.Testing;

/// <summary>A model that chooses between two networks by a rate that is given once for all samples, as voice detectors do.</summary>
internal sealed class BranchingModel
{
    /// <summary>The rate with which the then branch is taken.</summary>
    public const long Rate = 16000;

    /// <summary>Units that give zero whatever is fed, of those of a branch.</summary>
    public const int Dead = 8, Units = 20;

    private readonly TestModel _outer = new();

    public BranchingModel()
    {
        _outer.Input("x", "N", 6);
        _outer.Input("sr", ElementType.Int64, 1);
        _outer.Integers("rate", Rate);
        _outer.Node("Equal", "is_rate", ["sr", "rate"]);
    }

    /// <summary>The model, with an If of the given branches that makes its output.</summary>
    public TestModel Choose(GraphProto then, GraphProto otherwise, params object[] dims)
    {
        _outer.Node("If", "choice", ["is_rate"], ("then_branch", then), ("else_branch", otherwise));
        return _outer.Output("choice", dims);
    }

    /// <summary>The graph around the branches.</summary>
    public TestModel Outer => _outer;

    /// <summary>Two layers with dead units between them.</summary>
    public static GraphProto Layers(string prefix, int seed, string input = "x")
    {
        var inner = new TestModel(seed: seed);
        Layers(inner, prefix, input);
        return Closed(inner, $"{prefix}/g2", "N", 5);
    }

    /// <summary>Adds the layers to a graph.</summary>
    public static string Layers(TestModel inner, string prefix, string input)
    {
        inner.Gemm($"{prefix}/g1", input, 6, Units);
        foreach (var tensor in inner.Graph.Initializer.Where(t => t.Name.StartsWith($"{prefix}/g1", StringComparison.Ordinal)))
        {
            var values = new Initializer(tensor).ReadFloats();
            values.AsSpan(values.Length / Units * (Units - Dead)).Clear();
            new Initializer(tensor).Write([.. tensor.Dims], values);
        }

        return inner.Gemm($"{prefix}/g2", inner.Relu($"{prefix}/r", $"{prefix}/g1"), Units, 5);
    }

    /// <summary>A graph that gives back a tensor.</summary>
    public static GraphProto Closed(TestModel inner, string output, params object[] dims)
    {
        inner.Graph.Output.Add(TestModel.Value(output, ElementType.Float, dims));
        inner.Graph.Name = output;
        return inner.Graph;
    }

    /// <summary>The branch of a model, as its file has it.</summary>
    public static GraphProto Branch(OnnxModel model, string attribute, string node = "choice") => Branch(ModelProto.Parser.ParseFrom(model.ToBytes()).Graph, attribute, node);

    /// <summary>The branch of a node of a graph.</summary>
    public static GraphProto Branch(GraphProto graph, string attribute, string node) => graph.Node.Single(n => n.Name == node).Attribute.Single(a => a.Name == attribute).G;

    /// <summary>Float numbers in a file, wherever they lie, counted apart from the code that is tested.</summary>
    public static long Parameters(OnnxModel model) => Parameters(ModelProto.Parser.ParseFrom(model.ToBytes()).Graph);

    /// <summary>Samples of a model, all of one rate.</summary>
    public static ISampleSource At(OnnxModel model, long rate, int count = 64) => new Rated(ModelRunner.Samples(model, count), _ => rate);

    /// <summary>Samples of a model, of which every second has another rate.</summary>
    public static ISampleSource AtBoth(OnnxModel model) => new Rated(ModelRunner.Samples(model, 64), i => i % 2 == 0 ? Rate : 1);

    private static long Parameters(GraphProto graph) =>
        graph.Initializer.Where(t => t.DataType == 1 && !FileCount.Angles(graph).Contains(t.Name)).Sum(t => t.Dims.Aggregate(1L, (product, size) => product * size))
        + graph.Node.SelectMany(n => n.Attribute).Sum(a => a.G is null ? 0 : Parameters(a.G));

    private sealed class Rated(ISampleSource inner, Func<int, long> rateOf) : ISampleSource
    {
        public int Count => inner.Count;

        public int ShapeGroup(int index) => rateOf(index) == Rate ? 0 : 1;

        public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
        {
            var rate = rateOf(indices[0]);
            return [.. inner.Read(indices).Select(t => t.Name == "sr" ? new HostTensor("sr", t.Type, t.Dims, new[] { rate }) : t)];
        }
    }
}
