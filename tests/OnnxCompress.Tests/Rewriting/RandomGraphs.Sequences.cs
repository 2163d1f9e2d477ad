using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <content>Sequences: batch, positions, features.</content>
internal sealed partial class RandomGraphs
{
    private Tensor? ExtendSequence(Tensor source)
    {
        var (length, width) = (source.Dims[0], source.Dims[1]);
        switch (_random.Next(26))
        {
            case 0 or 1 or 2:
                return Project(source, 2 + _random.Next(7));
            case 3:
                return FeedForward(source);
            case 4 when width % 2 == 0 && width > 0:
                return Attend(source);
            case 5:
                return Combine(source);
            case 6:
                return Join(source, axis: 1);
            case 7:
                return Join(source, axis: 0);
            case 8 when Chance(0.5):
                return Normalise(source);
            case 9:
                return new Tensor(_model.Node("ReduceMean", NextName(), [source.Name], ("axes", new long[] { 1 }), ("keepdims", 0)), width);
            case 10:
                return ConvolveAlong(source);
            case 11 when length != Dynamic && length * width <= 120:
                return new Tensor(_model.Node("Reshape", NextName(), [source.Name, Sizes(0, length * width)]), length * width);
            case 12 when length != Dynamic:
                var mix = _model.Weight(NextName(), 3, length);
                return new Tensor(_model.Node("MatMul", NextName(), [mix, source.Name]), 3, width);
            case 16 or 17:
                return Recur(source);
            case 18 or 19:
                return ProjectShared(source);
            case 20:
                return ProjectOtherwise(source);
            case 21:
                return SliceStepped(source, axis: 1);
            case 22:
                return Branch(source);
            case 23:
                return Call(source);
            case 24 or 25:
                return AttendInAnyForm(source);
            case 13 when length != Dynamic:
                return new Tensor(_model.Node("Transpose", NextName(), [source.Name], ("perm", new long[] { 0, 2, 1 })), width, length);
            default:
                return Activate(source);
        }
    }

    /// <summary>x + W2 f(W1 x), the inner width free.</summary>
    private Tensor FeedForward(Tensor source)
    {
        var outer = Project(Activate(Project(source, 3 + _random.Next(5))), source.Dims[1]);
        return source with { Name = _model.Node("Add", NextName(), [source.Name, outer.Name]) };
    }

    /// <summary>Self-attention with two heads.</summary>
    private Tensor Attend(Tensor source)
    {
        int perHead = 1 + _random.Next(3), valuesPerHead = 1 + _random.Next(3);
        var queries = Heads(Project(source, 2 * perHead), perHead, 0, 2, 1, 3);
        var keys = Heads(Project(source, 2 * perHead), perHead, 0, 2, 3, 1);
        var values = Heads(Project(source, 2 * valuesPerHead), valuesPerHead, 0, 2, 1, 3);
        var scores = _model.Node("Softmax", NextName(), [_model.Node("MatMul", NextName(), [queries, keys])], ("axis", 3));
        var mixed = _model.Node("MatMul", NextName(), [scores, values]);
        var joined = _model.Node("Transpose", NextName(), [mixed], ("perm", new long[] { 0, 2, 1, 3 }));
        var flat = _model.Node("Reshape", NextName(), [joined, Sizes(0, 0, 2 * valuesPerHead)]);
        return Project(new Tensor(flat, source.Dims[0], 2 * valuesPerHead), source.Dims[1]);
    }

    /// <summary>Self-attention in some form that this operator set knows.</summary>
    private Tensor AttendInAnyForm(Tensor source)
    {
        var form = Pick(
            AttentionForm.MultiHead, AttentionForm.MultiHeadBias, AttentionForm.MultiHeadRotary, AttentionForm.MultiHeadScores, AttentionForm.Grouped, AttentionForm.GroupedRotary,
            AttentionForm.GroupedPacked, AttentionForm.GroupedCached, AttentionForm.Fused, AttentionForm.FusedNarrow, AttentionForm.Products, AttentionForm.ProductsFused, AttentionForm.ProductsMerged, AttentionForm.ProductsGrouped);
        if (source.Dims[0] == Dynamic && form is AttentionForm.MultiHeadScores or AttentionForm.ProductsMerged)
        {
            form = AttentionForm.MultiHead;
        }

        // The runtime asks for multiples of 8 and 16 where query heads share keys.
        var width = form switch
        {
            AttentionForm.GroupedRotary => 16,
            AttentionForm.Grouped or AttentionForm.GroupedPacked or AttentionForm.GroupedCached => 8,
            _ => 2 * (1 + _random.Next(3)),
        };
        var keyHeads = 1 + _random.Next(3);
        var sizes = new AttentionSizes(source.Dims[1], keyHeads * (1 + _random.Next(3)), keyHeads, width, 1 + _random.Next(4)) { Positions = source.Dims[0] };
        return source with { Name = _model.Attention(NextName(), source.Name, form, sizes) };
    }

    private string Heads(Tensor source, int perHead, params long[] permutation)
    {
        var split = _model.Node("Reshape", NextName(), [source.Name, Sizes(0, 0, 2, perHead)]);
        return _model.Node("Transpose", NextName(), [split], ("perm", permutation));
    }

    private Tensor Normalise(Tensor source)
    {
        // Fused layer normalisation is new in opset 17; before, softmax over the features holds them as well.
        var name = NextName();
        return source with
        {
            Name = _model.Proto.OpsetImport[0].Version >= 17
                ? _model.Node("LayerNormalization", name, [source.Name, _model.Weight($"{name}.s", source.Dims[1]), _model.Weight($"{name}.b", source.Dims[1])], ("axis", -1), ("epsilon", 0.1f))
                : _model.Node("Softmax", name, [source.Name], ("axis", 2)),
        };
    }

    /// <summary>A one-dimensional convolution over positions.</summary>
    private Tensor ConvolveAlong(Tensor source)
    {
        var name = NextName();
        var to = 2 + _random.Next(5);
        var first = _model.Node("Transpose", NextName(), [source.Name], ("perm", new long[] { 0, 2, 1 }));
        var weight = _model.Weight($"{name}.w", to, source.Dims[1], 3);
        _model.Node("Conv", name, [first, weight, _model.Weight($"{name}.b", to)], ("kernel_shape", new long[] { 3 }), ("pads", new long[] { 1, 1 }));
        return new Tensor(_model.Node("Transpose", NextName(), [name], ("perm", new long[] { 0, 2, 1 })), source.Dims[0], to);
    }
}
