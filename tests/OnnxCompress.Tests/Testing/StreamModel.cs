using OnnxCompress.Models;

namespace OnnxCompress.Tests.Testing;

/// <summary>How a graph writes the normalisations of a residual stream.</summary>
public enum StreamForm
{
    /// <summary>One node, the mean taken off.</summary>
    Layer,

    /// <summary>The same in pieces, divided by a root.</summary>
    LayerPieces,

    /// <summary>One node of the standard, the mean left.</summary>
    MeanSquare,

    /// <summary>One node as the runtime has it.</summary>
    Simplified,

    /// <summary>The same in pieces, times the reciprocal of a root.</summary>
    MeanSquarePieces,

    /// <summary>Sums and normalisations in one node, the mean taken off.</summary>
    SkipLayer,

    /// <summary>Sums and normalisations in one node, the mean left.</summary>
    SkipSimplified,
}

/// <summary>What else a graph does with a residual stream.</summary>
[Flags]
public enum StreamTwists
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Words are multiplied by a number.</summary>
    Scaled = 1,

    /// <summary>The mean over positions is normalised last.</summary>
    Pooled = 2,

    /// <summary>Of what is normalised last the first position is read.</summary>
    First = 4,

    /// <summary>The head reads the table of words, turned.</summary>
    Tied = 8,

    /// <summary>A branch is added to what was normalised, and not to what was there before.</summary>
    Behind = 16,

    /// <summary>Part of the stream is an output of the model.</summary>
    Shown = 32,
}

/// <summary>A transformer that normalises in front of its branches: words and positions, attention and hidden units, a head.</summary>
internal sealed class StreamModel
{
    public const int Words = 60, Positions = 6, Hidden = 20, Classes = 12;

    private readonly TestModel _test;
    private readonly StreamForm _form;
    private readonly List<(string Constant, int Axis)> _written = [];
    private string _stream;
    private string? _pending;

    private StreamModel(StreamForm form, int width, int layers, int seed, bool isBiased, StreamTwists twists)
    {
        (_form, Width) = (form, width);
        _test = new TestModel(opset: form == StreamForm.MeanSquare ? 23 : 17, seed);
        _test.Input("ids", ElementType.Int64, "N", Positions);
        var words = _test.Node("Gather", "words", [Writes(_test.Weight("words.w", Words, width), 1), "ids"]);
        words = twists.HasFlag(StreamTwists.Scaled) ? _test.Node("Mul", "scaled", [words, _test.Scalar("scale", 1.5f)]) : words;
        _stream = _test.Node("Add", "embedded", [words, Writes(_test.Weight("positions.w", 1, Positions, width), 2)]);
        for (var layer = 0; layer < layers; layer++)
        {
            var sizes = new AttentionSizes(width, Heads: 2, KeyHeads: 2, Width: 4, ValueWidth: 4);
            var normalised = Normalise($"l{layer}.n1");
            var attended = _test.Attention($"l{layer}.a", normalised, AttentionForm.Products, sizes);
            _stream = twists.HasFlag(StreamTwists.Behind) ? normalised : _stream;
            _ = Writes($"l{layer}.a.o.w", 1);
            Branch(attended);
            var up = Project($"l{layer}.up", Normalise($"l{layer}.n2"), width, Hidden, isBiased);
            Branch(Project($"l{layer}.down", _test.Relu($"l{layer}.relu", up), Hidden, width, isBiased: true));
            _ = (Writes($"l{layer}.down.w", 1), Writes($"l{layer}.down.b", 0));
        }

        if (twists.HasFlag(StreamTwists.Pooled) && _pending is null)
        {
            // The axes became an input in opset 18.
            _stream = _form == StreamForm.MeanSquare
                ? _test.Node("ReduceMean", "pooled", [_stream, _test.Integers("pooled.axes", 1)], ("keepdims", 1))
                : _test.Node("ReduceMean", "pooled", [_stream], ("axes", new long[] { 1 }), ("keepdims", 1));
        }

        var last = Normalise("last");
        last = twists.HasFlag(StreamTwists.First) ? _test.Node("Gather", "first", [last, _test.Integers("zero", 0)], ("axis", 1)) : last;
        var head = twists.HasFlag(StreamTwists.Tied)
            ? _test.Node("MatMul", "head", [last, _test.Node("Transpose", "turned", ["words.w"], ("perm", new long[] { 1, 0 }))])
            : Project("head", last, width, Classes, isBiased: true);
        _test.Output(head, "N", "P", "C");
        Model = (twists.HasFlag(StreamTwists.Shown) ? _test.Output("embedded", "N", Positions, width) : _test).Build();
    }

    public OnnxModel Model { get; }

    public int Width { get; }

    /// <summary>Constants that make the stream, with the axis of its channels.</summary>
    public IReadOnlyList<(string Constant, int Axis)> Written => _written;

    public static StreamModel Of(StreamForm form, int width = 24, int layers = 2, int seed = 3, bool isBiased = true, StreamTwists twists = StreamTwists.None) => new(form, width, layers, seed, isBiased, twists);

    public TokenSource Samples(int seed, int count = 64) => new(Model.Inputs[0].Name, Words, Positions, count, seed);

    /// <summary>Lets everything that is written be combined by one matrix.</summary>
    /// <param name="combine">From what each channel was to what it is, in place.</param>
    public void Combine(Action<float[]> combine)
    {
        foreach (var (constant, axis) in _written)
        {
            Assert.Equal(Model.Graph.Constant(constant)!.Dims.Count - 1, axis);
            Model.Edit(constant, values =>
            {
                var row = new float[Width];
                for (var start = 0; start < values.Length; start += Width)
                {
                    Array.Copy(values, start, row, 0, Width);
                    combine(row);
                    Array.Copy(row, 0, values, start, Width);
                }
            });
        }
    }

    private string Writes(string constant, int axis)
    {
        _written.Add((constant, axis));
        return constant;
    }

    private string Project(string name, string input, int from, int to, bool isBiased)
    {
        var product = _test.MatMul(isBiased ? $"{name}.p" : name, input, from, to);
        _test.Graph.Initializer[^1].Name = $"{name}.w";
        _test.Graph.Node[^1].Input[1] = $"{name}.w";
        return isBiased ? _test.Node("Add", name, [product, _test.Weight($"{name}.b", to)]) : product;
    }

    private void Branch(string made)
    {
        if (_form is StreamForm.SkipLayer or StreamForm.SkipSimplified)
        {
            // The next normalisation adds it.
            _pending = made;
            return;
        }

        _stream = _test.Node("Add", $"{made}.sum", [_stream, made]);
    }

    private string Normalise(string name)
    {
        var gain = _test.Floats($"{name}.gain", [Width], [.. Enumerable.Range(0, Width).Select(i => 1 + (0.4f * MathF.Sin(i + name.Length)))]);
        string Shift() => _test.Weight($"{name}.shift", Width);
        switch (_form)
        {
            case StreamForm.SkipLayer or StreamForm.SkipSimplified when _pending is not null:
                string[] operands = _form == StreamForm.SkipLayer ? [_stream, _pending, gain, Shift()] : [_stream, _pending, gain];
                _test.Nodes(_form == StreamForm.SkipLayer ? "SkipLayerNormalization" : "SkipSimplifiedLayerNormalization", name, operands, [name, "", "", $"{name}.sum"], ("epsilon", 1e-2f));
                (_stream, _pending) = ($"{name}.sum", null);
                return _test.Own(name);
            case StreamForm.Layer or StreamForm.SkipLayer:
                return _test.Node("LayerNormalization", name, [_stream, gain, Shift()], ("axis", -1), ("epsilon", 1e-2f));
            case StreamForm.MeanSquare:
                return _test.Node("RMSNormalization", name, [_stream, gain], ("axis", -1), ("epsilon", 1e-2f));
            case StreamForm.Simplified or StreamForm.SkipSimplified:
                return _test.Node("SimplifiedLayerNormalization", name, [_stream, gain], ("axis", -1), ("epsilon", 1e-2f));
            case StreamForm.LayerPieces:
                var centred = _test.Node("Sub", $"{name}.c", [_stream, Mean($"{name}.m", _stream)]);
                var root = _test.Node("Sqrt", $"{name}.r", [_test.Node("Add", $"{name}.e", [Mean($"{name}.v", _test.Node("Pow", $"{name}.s", [centred, _test.Scalar($"{name}.two", 2)])), _test.Scalar($"{name}.eps", 1e-2f)])]);
                return _test.Node("Add", name, [_test.Node("Mul", $"{name}.g", [_test.Node("Div", $"{name}.d", [centred, root]), gain]), Shift()]);
            default:
                var square = Mean($"{name}.v", _test.Node("Mul", $"{name}.s", [_stream, _stream]));
                var inverse = _test.Node("Reciprocal", $"{name}.i", [_test.Node("Sqrt", $"{name}.r", [_test.Node("Add", $"{name}.e", [square, _test.Scalar($"{name}.eps", 1e-2f)])])]);
                return _test.Node("Mul", name, [gain, _test.Node("Mul", $"{name}.d", [_stream, inverse])]);
        }
    }

    private string Mean(string name, string of) => _test.Node("ReduceMean", name, [of], ("axes", new long[] { -1 }), ("keepdims", 1));
}
