using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>
/// A node with a constant weight, seen as a linear map over channels. The only place that knows how operators store their
/// weights and name their attributes: another operator, or another form of one, is added in <see cref="Of"/>.
/// </summary>
internal sealed class LinearMap
{
    /// <summary>A convolution has batch and channel axes before its spatial ones, and so has its weight.</summary>
    public const int SpatialFrom = 2;

    private readonly int[] _dims;

    private LinearMap(GraphNode node, LinearKind kind, Initializer weight, int weightInput, int outputAxis, int inputAxis)
    {
        (Node, Kind, WeightInput, OutputAxis, InputAxis) = (node, kind, weightInput, outputAxis, inputAxis);
        _dims = [.. weight.Dims.Select(d => checked((int)d))];
        if (IsConvolved)
        {
            Groups = GroupsOf(node);
            Window = new ConvolutionWindow(node, _dims[SpatialFrom..], kind == LinearKind.TransposedConvolution);
        }
    }

    /// <summary>The node.</summary>
    public GraphNode Node { get; }

    /// <summary>What it does with the weight.</summary>
    public LinearKind Kind { get; }

    /// <summary>Operand that is the weight.</summary>
    public int WeightInput { get; }

    /// <summary>Axis of the weight that runs over output channels.</summary>
    public int OutputAxis { get; }

    /// <summary>Axis of the weight that runs over input channels.</summary>
    public int InputAxis { get; }

    /// <summary>Groups of channels that do not meet; 1 except for convolutions.</summary>
    public int Groups { get; } = 1;

    /// <summary>How a convolution moves; null for everything else.</summary>
    public ConvolutionWindow? Window { get; }

    /// <summary>Size of the kernel along each spatial axis; empty where there is none.</summary>
    public int[] Kernel => Window?.Kernel ?? [];

    /// <summary>Name of the weight.</summary>
    public string Weight => Node.Inputs[WeightInput];

    /// <summary>The activation that is read.</summary>
    public string Input => ReadsState ? Output : Node.Inputs[WeightInput == 0 ? 1 : 0];

    /// <summary>Whether it maps the states of a recurrent layer to its gates.</summary>
    public bool ReadsState => Kind == LinearKind.Recurrent && WeightInput == 2;

    /// <summary>The activation that is made.</summary>
    public string Output => Node.Outputs.First(o => o.Length > 0);

    /// <summary>Output channels of all groups.</summary>
    public int Outputs => _dims[OutputAxis] * (Kind == LinearKind.TransposedConvolution ? Groups : 1);

    /// <summary>Input channels of all groups.</summary>
    public int Inputs => _dims[InputAxis] * (Kind == LinearKind.Convolution ? Groups : 1);

    /// <summary>Whether the weight is stored with the output channels first.</summary>
    public bool OutputsFirst => OutputAxis < InputAxis;

    /// <summary>Whether positions have neighbours.</summary>
    public bool IsConvolved => Kind is LinearKind.Convolution or LinearKind.TransposedConvolution;

    /// <summary>Whether each input channel is convolved alone.</summary>
    public bool IsDepthwise => Groups > 1 && Inputs == Groups && Outputs % Groups == 0;

    /// <summary>Whether every output position reads the input position of the same place, all channels of it.</summary>
    public bool IsPointwise => Groups == 1 && Window is null or { IsPointwise: true };

    /// <summary>Whether the operator has an operand for the bias; what others add is a node of its own.</summary>
    public bool TakesBiasInput => Node.OpType is "Conv" or "ConvTranspose" or "Gemm";

    /// <summary>Name of that operand; null without one.</summary>
    public string? BiasInput => TakesBiasInput ? Node.Input(2) : null;

    /// <summary>Whether the operator multiplies the bias by something else than 1.</summary>
    public bool ScalesBias => Node.Float("beta", 1) != 1;

    /// <summary>Whether it multiplies anything by something else than 1.</summary>
    public bool Scales => ScalesBias || Node.Float("alpha", 1) != 1;

    /// <summary>Whether the size of the output is given, and says what padding would have to be.</summary>
    public bool StatesOutput => Node.Has("output_shape");

    /// <summary>How the weight lies in memory.</summary>
    public WeightLayout Layout => new(Groups, Outputs / Groups, Inputs / Groups, Kernel.Aggregate(1, (product, k) => checked(product * k)), OutputsFirst);

    /// <summary>The map of a node; null for operators that are none, and for weights that are no constants of a shape that is known.</summary>
    /// <param name="node">The node.</param>
    /// <param name="graph">Where its weight is.</param>
    public static LinearMap? Of(GraphNode node, ModelGraph graph) => node.Domain.Length > 0 ? null : node.OpType switch
    {
        "Conv" => Convolution(node, graph, LinearKind.Convolution, outputAxis: 0),
        "ConvTranspose" => Convolution(node, graph, LinearKind.TransposedConvolution, outputAxis: 1),
        "Gemm" => node.Int("transA", 0) == 0 ? Matrix(node, graph, LinearKind.Product, weightInput: 1, outputAxis: node.Int("transB", 0) != 0 ? 0 : 1) : null,
        "MatMul" => graph.Constant(node.Inputs[0]) is not null
            ? Matrix(node, graph, LinearKind.Product, weightInput: 0, outputAxis: 0)
            : Matrix(node, graph, LinearKind.Product, weightInput: 1, outputAxis: 1),
        "Gather" => node.Int("axis", 0) is 0 or -2 ? Matrix(node, graph, LinearKind.Table, weightInput: 0, outputAxis: 1) : null,
        // Directions, gates, inputs.
        "LSTM" or "GRU" or "RNN" => graph.Constant(node.Inputs[1]) is { Dims.Count: 3 } weight ? new(node, LinearKind.Recurrent, weight, 1, 1, 2) : null,
        _ => null,
    };

    /// <summary>The map of a recurrent layer from its states, as its output shows them, to its gates; null where its weight is no constant.</summary>
    public static LinearMap? OfState(GraphNode node, ModelGraph graph) =>
        graph.Constant(node.Inputs[2]) is { Dims.Count: 3 } weight && weight.Dims[2] > 0 ? new(node, LinearKind.Recurrent, weight, 2, 1, 2) : null;

    /// <summary>Groups of a convolution, transposed or not.</summary>
    public static int GroupsOf(GraphNode node) => (int)node.Int("group", 1);

    /// <summary>Says how many groups a convolution has.</summary>
    public static void SetGroups(GraphNode node, int groups) => node.SetInt("group", groups);

    /// <summary>Says of a new matrix product whether its weight is stored with the outputs first.</summary>
    public static void SetOrder(GraphNode node, bool outputsFirst)
    {
        if (outputsFirst && node.OpType == "Gemm")
        {
            node.SetInt("transB", 1);
        }
    }

    /// <summary>The axis of the input, and of the output, that runs over channels.</summary>
    /// <param name="rank">Axes of the tensor.</param>
    public int ChannelAxis(int rank) => IsConvolved ? 1 : Kind == LinearKind.Product && WeightInput == 0 ? rank - 2 : rank - 1;

    /// <summary>The weight of one group as it stands in a graph, <c>outputs x (inputs * kernel)</c>.</summary>
    public Numerics.Matrix<double> Read(ModelGraph graph, int group = 0) => Layout.Read(graph.Constant(Weight)!.ReadFloats(), group);

    /// <summary>Whether two nodes with one weight do the same with it, so that whatever is written into it suits both.</summary>
    public bool IsLike(LinearMap other) =>
        Node.OpType == other.Node.OpType && (Kind, WeightInput, OutputAxis, Groups) == (other.Kind, other.WeightInput, other.OutputAxis, other.Groups);

    private static LinearMap? Convolution(GraphNode node, ModelGraph graph, LinearKind kind, int outputAxis) =>
        graph.Constant(node.Inputs[1]) is { Dims.Count: > SpatialFrom } weight ? new(node, kind, weight, 1, outputAxis, 1 - outputAxis) : null;

    private static LinearMap? Matrix(GraphNode node, ModelGraph graph, LinearKind kind, int weightInput, int outputAxis) =>
        graph.Constant(node.Inputs[weightInput]) is { Dims.Count: 2 } weight ? new(node, kind, weight, weightInput, outputAxis, 1 - outputAxis) : null;
}
