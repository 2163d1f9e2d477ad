using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Verification;

/// <summary>What decisions are taken for, by the shapes, names and operators of outputs.</summary>
public sealed class DecisionProposalTests
{
    private const int Float = 1;
    private const int Int64 = 7;
    private static readonly long?[] Picture = [null, 3, 224, 224];
    private static readonly long?[] Words = [null, 48];

    [Fact]
    public void Classes_are_what_is_left() => Assert.Equal(DecisionKind.ArgMax, Kind(Words, Int64, ("logits", [null, 2]), "Gemm"));

    [Fact]
    public void One_column_behind_a_sigmoid_is_a_threshold_and_several_are_labels()
    {
        Assert.Equal(DecisionKind.ArgMax, Kind(Picture, Float, ("p", [null, 1]), "Sigmoid"));
        Assert.Equal(DecisionKind.MultiLabel, Kind(Picture, Float, ("p", [null, 14]), "Sigmoid"));
    }

    [Fact]
    public void Four_axes_are_pixels_unless_they_are_one()
    {
        Assert.Equal(DecisionKind.Pixels, Kind(Picture, Float, ("mask", [null, 21, null, null]), "Resize"));
        Assert.Equal(DecisionKind.ArgMax, Kind(Picture, Float, ("y", [null, 1000, 1, 1]), "Conv"));
    }

    [Fact]
    public void Sequences_spell_of_pictures_and_go_on_of_words()
    {
        Assert.Equal(DecisionKind.Ctc, Kind([null, 3, 48, null], Float, ("softmax", [null, null, 97]), "Softmax"));
        Assert.Equal(DecisionKind.Tokens, Kind([null, null], Int64, ("logits", [null, null, 32000]), "MatMul"));
        // Labels of words.
        Assert.Equal(DecisionKind.ArgMax, Kind([null, null], Int64, ("logits", [null, null, 9]), "Add"));
    }

    [Theory]
    [InlineData(84, 8400, "Concat", DecisionKind.Detection)]
    [InlineData(25200, 85, "Concat", DecisionKind.Detection)]
    [InlineData(40, 6625, "Softmax", DecisionKind.Ctc)]
    public void Many_anchors_that_are_put_together_are_boxes(long rows, long columns, string op, DecisionKind expected) =>
        Assert.Equal(expected, Kind(Picture, Float, ("output0", [1, rows, columns]), op));

    [Fact]
    public void Boxes_in_an_output_of_their_own_are_boxes() =>
        Assert.Equal(DecisionKind.Detection, DecisionProposal.For(Model(Picture, Float, "Concat", ("scores", [null, 100, 2]), ("boxes", [null, 100, 4])), null, null).Rule.Kind);

    [Fact]
    public void A_vector_is_an_embedding_by_its_name_or_its_length()
    {
        Assert.Equal(DecisionKind.Embedding, Kind(Words, Int64, ("sentence_embedding", [null, 384]), "Gemm"));
        Assert.Equal(DecisionKind.Embedding, Kind(Picture, Float, ("y", [null, 128]), "LpNormalization"));
        Assert.Equal(DecisionKind.Embedding, DecisionProposal.For(Divided("ReduceL2", "Clip"), null, null).Rule.Kind);
        Assert.Equal(DecisionKind.Embedding, DecisionProposal.For(Divided("ReduceSumSquare", "Sqrt"), null, null).Rule.Kind);
        // A softmax in parts, and a layer normalisation.
        Assert.Equal(DecisionKind.ArgMax, DecisionProposal.For(Divided("ReduceSum", "Expand"), null, null).Rule.Kind);
        Assert.Equal(DecisionKind.ArgMax, DecisionProposal.For(Divided("ReduceMean", "Sqrt"), null, null).Rule.Kind);
    }

    [Fact]
    public void The_reason_names_the_output_its_shape_and_the_rule() =>
        Assert.Equal("'logits' [batch,2]: argmax, the largest class", DecisionProposal.For(Model(Words, Int64, "Gemm", ("logits", [null, 2])), null, null).Reason);

    [Fact]
    public void An_axis_that_the_user_names_holds_classes() =>
        Assert.Equal(new(DecisionKind.ArgMax, null, 1), DecisionProposal.For(Model(Picture, Float, "Resize", ("mask", [null, 21, null, null])), null, 1).Rule);

    private static DecisionKind Kind(long?[] input, int type, (string Name, long?[] Dims) output, string op) => DecisionProposal.For(Model(input, type, op, output), null, null).Rule.Kind;

    private static OnnxModel Model(long?[] input, int type, string op, params (string Name, long?[] Dims)[] outputs)
    {
        var graph = new GraphProto { Name = "g" };
        graph.Input.Add(Value("x", type, input));
        foreach (var (name, dims) in outputs)
        {
            graph.Output.Add(Value(name, Float, dims));
            graph.Node.Add(Node(op, name, "x"));
        }

        return Load(graph);
    }

    // x over what is made of x.
    private static OnnxModel Divided(string reduce, string between)
    {
        var graph = new GraphProto { Name = "g" };
        graph.Input.Add(Value("x", Float, Words));
        graph.Node.Add(Node(reduce, "r", "x"));
        graph.Node.Add(Node(between, "n", "r"));
        graph.Node.Add(Node("Div", "y", "x", "n"));
        graph.Output.Add(Value("y", Float, Words));
        return Load(graph);
    }

    private static OnnxModel Load(GraphProto graph)
    {
        var proto = new ModelProto { IrVersion = 8, Graph = graph };
        proto.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return OnnxModel.Load(proto.ToByteArray());
    }

    private static NodeProto Node(string op, string output, params string[] inputs)
    {
        var node = new NodeProto { OpType = op, Name = output };
        node.Input.Add(inputs);
        node.Output.Add(output);
        return node;
    }

    private static ValueInfoProto Value(string name, int type, long?[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(dims.Select((dim, i) => dim is { } size
            ? new TensorShapeProto.Types.Dimension { DimValue = size }
            : new TensorShapeProto.Types.Dimension { DimParam = i == 0 ? "batch" : $"d{i}" }));
        return new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = shape } } };
    }
}
