using OnnxCompress.Models;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>
/// Random small networks from the operators that are mapped, and a few that hold channels: chains, branches, residual
/// additions, concatenations, gates, reshapes and transposes of images, sequences and vectors. One seed, one graph.
/// </summary>
internal sealed partial class RandomGraphs
{
    /// <summary>Marks a dimension whose size the model leaves open.</summary>
    private const int Dynamic = -1;

    private readonly Random _random;
    private readonly TestModel _model;
    private readonly List<Tensor> _tensors = [];
    private int _count;

    private RandomGraphs(int seed)
    {
        _random = new Random(seed);
        _model = new TestModel(Pick(11L, 13, 17), seed);
    }

    /// <summary>The graph of a seed.</summary>
    public static OnnxModel Create(int seed) => new RandomGraphs(seed).Build();

    /// <summary>An activation; dimensions without the batch: 3 for images (C, H, W), 2 for sequences (L, D), 1 for vectors.</summary>
    private sealed record Tensor(string Name, params int[] Dims);

    private OnnxModel Build()
    {
        AddInput();
        for (var step = 6 + _random.Next(12); step > 0; step--)
        {
            // Recent tensors more often: depth rather than breadth.
            var source = _tensors[^(1 + _random.Next(Math.Min(_tensors.Count, Chance(0.8) ? 2 : 8)))];
            var added = source.Dims.Length switch
            {
                3 => ExtendImage(source),
                2 => ExtendSequence(source),
                _ => ExtendVector(source),
            };
            if (added is not null)
            {
                _tensors.Add(added);
            }
        }

        AddHead(_tensors[^1]);
        if (Chance(0.3))
        {
            AddHead(_tensors[_random.Next(_tensors.Count)]);
        }

        return _model.Build();
    }

    private void AddInput()
    {
        switch (_random.Next(3))
        {
            case 0:
                var length = Chance(0.5) ? Dynamic : 3 + _random.Next(3);
                int width = Pick(4, 6);
                _model.Input("x", "N", length == Dynamic ? "L" : length, width);
                _tensors.Add(new Tensor("x", length, width));
                break;
            case 1 when Chance(0.3):
                _model.Input("x", "N", 6);
                _tensors.Add(new Tensor("x", 6));
                break;
            default:
                var (channels, size) = (1 + _random.Next(4), 4 + _random.Next(4));
                _model.Input("x", "N", channels, size, size);
                _tensors.Add(new Tensor("x", channels, size, size));
                break;
        }
    }

    private void AddHead(Tensor tensor)
    {
        var head = tensor.Dims.Length switch
        {
            3 => Convolve(tensor, 2, 1, 0, 1, 1, 1),
            2 => Project(tensor, 3),
            _ => FullyConnect(tensor, 3),
        };
        _model.Output(head.Name);
    }

    private Tensor? ExtendVector(Tensor source)
    {
        var width = source.Dims[0];
        switch (_random.Next(10))
        {
            case 0 or 1 or 2:
                return FullyConnect(source, 2 + _random.Next(7));
            case 3:
                return Combine(source);
            case 4:
                return Join(source, axis: 0);
            case 5:
                return source with { Name = _model.BatchNorm(NextName(), source.Name, width) };
            case 6:
                var unsqueezed = _model.Node("Reshape", NextName(), [source.Name, Sizes(0, width, 1, 1)]);
                return new Tensor(unsqueezed, width, 1, 1);
            case 7 when width % 4 == 0:
                // Channels of an image were flattened, or are made here: both ways of splitting an axis.
                return new Tensor(_model.Node("Reshape", NextName(), [source.Name, Sizes(0, width / 4, 2, 2)]), width / 4, 2, 2);
            case 8 when Chance(0.2):
                return source with { Name = _model.Node("Softmax", NextName(), [source.Name], ("axis", 1)) };
            case 8 when width > 1 && Chance(0.5):
                return SliceStepped(source, axis: 0);
            case 9 when Chance(0.5):
                return ProjectShared(source);
            default:
                return Activate(source);
        }
    }

    private Tensor FullyConnect(Tensor source, int to)
    {
        var name = NextName();
        if (Chance(0.5))
        {
            return new Tensor(_model.Gemm(name, source.Name, source.Dims[0], to, transB: Chance(0.5)), to);
        }

        if (Chance(0.3))
        {
            var weight = _model.Weight($"{name}.w", to, source.Dims[0]);
            return new Tensor(_model.Node("Gemm", name, [source.Name, weight, _model.Weight($"{name}.b", 1, to)], ("transB", 1), ("alpha", 0.5f), ("beta", 2f)), to);
        }

        return Project(source, to);
    }

    /// <summary>A product with a constant on the right, along the last axis, and perhaps a bias.</summary>
    private Tensor Project(Tensor source, int to)
    {
        var name = _model.MatMul(NextName(), source.Name, source.Dims[^1], to);
        if (Chance(0.6))
        {
            string bias = _model.Weight($"{name}.b", to);
            name = _model.Node("Add", NextName(), Chance(0.5) ? [name, bias] : [bias, name]);
        }

        return new Tensor(name, [.. source.Dims[..^1], to]);
    }

    private Tensor Activate(Tensor source)
    {
        var op = Pick("Relu", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "Softplus", "Abs", "Neg", "Erf", "Identity", "Dropout", "Clip", "PRelu", "Constant", "QuickGelu");
        return source with
        {
            Name = op switch
            {
                "Clip" => _model.Node("Clip", NextName(), [source.Name, _model.Scalar(NextName(), -1), _model.Scalar(NextName(), 1.5f)]),
                "QuickGelu" => Custom(_model.Node("QuickGelu", NextName(), [source.Name])),
                "PRelu" => _model.Node("PRelu", NextName(), [source.Name, PerChannel(source)]),
                "Constant" => _model.Node(Pick("Add", "Mul", "Sub"), NextName(), Chance(0.5) ? [source.Name, PerChannel(source)] : [PerChannel(source), source.Name]),
                _ => _model.Node(op, NextName(), [source.Name]),
            },
        };
    }

    /// <summary>A constant that broadcasts over everything but the channels, or over everything.</summary>
    private string PerChannel(Tensor tensor)
    {
        var name = NextName();
        return (tensor.Dims.Length, _random.Next(3)) switch
        {
            (_, 0) => _model.Weight(name, 1),
            (3, _) => _model.Weight(name, tensor.Dims[0], 1, 1),
            (_, _) => _model.Weight(name, tensor.Dims[^1]),
        };
    }

    /// <summary>Adds or multiplies with a tensor of the same shape.</summary>
    private Tensor? Combine(Tensor source)
    {
        var others = _tensors.Where(t => t.Dims.AsSpan().SequenceEqual(source.Dims)).ToArray();
        var other = others[_random.Next(others.Length)];
        return source with { Name = _model.Node(Pick("Add", "Add", "Mul", "Sub", "Max"), NextName(), [source.Name, other.Name]) };
    }

    /// <summary>Lays tensors behind each other along an axis (without the batch) in which alone they may differ.</summary>
    private Tensor? Join(Tensor source, int axis)
    {
        var others = _tensors.Where(t => t.Dims.Length == source.Dims.Length
            && !t.Dims.Where((d, i) => i == axis ? d == Dynamic : d != source.Dims[i]).Any()).ToArray();
        if (others.Length == 0 || source.Dims[axis] == Dynamic)
        {
            return null;
        }

        var parts = Enumerable.Range(0, 1 + _random.Next(2)).Select(_ => others[_random.Next(others.Length)]).Prepend(source).ToArray();
        var dims = (int[])source.Dims.Clone();
        dims[axis] = parts.Sum(p => p.Dims[axis]);
        return dims[axis] > 24 ? null : new Tensor(_model.Node("Concat", NextName(), [.. parts.Select(p => p.Name)], ("axis", axis + 1)), dims);
    }

    private string Sizes(params long[] sizes) => _model.Integers(NextName(), sizes);

    private string NextName() => $"n{_count++}";

    private bool Chance(double share) => _random.NextDouble() < share;

    private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];
}
