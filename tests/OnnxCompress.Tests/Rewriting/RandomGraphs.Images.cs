namespace OnnxCompress.Tests.Rewriting;

/// <content>Images: batch, channels, rows, columns.</content>
internal sealed partial class RandomGraphs
{
    private Tensor? ExtendImage(Tensor source)
    {
        var (channels, height, width) = (source.Dims[0], source.Dims[1], source.Dims[2]);
        switch (_random.Next(32))
        {
            case 0 or 1 or 2 or 3:
                return RandomConvolution(source);
            case 4:
                return Convolve(source, channels * Pick(1, 1, 2), 3, 1, Pick(1, 2), 1, channels);
            case 5 when channels % 2 == 0 && channels > 2:
                return Convolve(source, 2 * (1 + _random.Next(4)), Pick(1, 3), 1, 1, 1, 2);
            case 6:
                return source with { Name = _model.BatchNorm(NextName(), source.Name, channels) };
            case 7 when height * width > 3:
                var name = NextName();
                return source with
                {
                    Name = _model.Node("InstanceNormalization", name, [source.Name, _model.Weight($"{name}.s", channels), _model.Weight($"{name}.b", channels)], ("epsilon", 0.1f)),
                };
            case 8:
                return Pool(source);
            case 9:
                return new Tensor(_model.Node(Pick("GlobalAveragePool", "GlobalMaxPool"), NextName(), [source.Name]), channels, 1, 1);
            case 10 or 11:
                return Combine(source);
            case 12:
                return Residual(source);
            case 13:
                return Excite(source);
            case 14:
                return GatePositions(source);
            case 15 or 16:
                return Join(source, axis: 0);
            case 17:
                return Join(source, axis: 1);
            case 18:
                return Flatten(source);
            case 19:
                return Shuffle(source);
            case 20:
                return ToSequence(source);
            case 21:
                return ProjectChannelsLast(source);
            case 22 when Chance(0.4):
                return source with { Name = _model.Node(Pick("Softmax", "LogSoftmax"), NextName(), [source.Name], ("axis", Pick(1, 3))) };
            case 23:
                return SliceChannels(source);
            case 24:
                return SplitChannels(source);
            case 25:
                return PadImage(source);
            case 26:
                return Upsample(source);
            case 27:
                return ConvolveTransposed(source);
            case 28 when height * width <= 40:
                // Wide enough that the pixels of one channel and the channels of one pixel lie apart.
                var (deep, wide) = (Pick(8, 12), Convolve(source, 12, 1, 0, 1, 1, 1));
                wide = deep == 12 ? wide : Convolve(wide, deep, 1, 0, 1, 1, 1);
                var space = _model.Node("DepthToSpace", NextName(), [wide.Name], ("blocksize", 2), ("mode", Pick("DCR", "CRD")));
                return new Tensor(space, deep / 4, height * 2, width * 2);
            case 29 when height % 2 == 0 && width % 2 == 0 && channels <= 4:
                return new Tensor(_model.Node("SpaceToDepth", NextName(), [source.Name], ("blocksize", 2)), channels * 4, height / 2, width / 2);
            case 30 when height * width == 1:
                return new Tensor(_model.Node("Expand", NextName(), [source.Name, Sizes(1, Pick(1, channels), 2, 3)]), channels, 2, 3);
            default:
                return Activate(source);
        }
    }

    private Tensor? RandomConvolution(Tensor source)
    {
        var kernel = Pick(1, 1, 3);
        var dilation = kernel == 3 ? Pick(1, 1, 2) : 1;
        var pad = kernel == 3 ? Pick(0, 1, 2) : 0;
        return source.Dims[1] + (2 * pad) > dilation * (kernel - 1) && source.Dims[2] + (2 * pad) > dilation * (kernel - 1)
            ? Convolve(source, 2 + _random.Next(6), kernel, pad, Pick(1, 1, 2), dilation, 1)
            : null;
    }

    private Tensor Convolve(Tensor source, int to, int kernel, int pad, int stride, int dilation, int group)
    {
        int Size(int size) => ((size + (2 * pad) - (dilation * (kernel - 1)) - 1) / stride) + 1;
        var name = _model.Conv(NextName(), source.Name, source.Dims[0], to, kernel, pad, group, stride, dilation);
        return new Tensor(name, to, Size(source.Dims[1]), Size(source.Dims[2]));
    }

    private Tensor? Pool(Tensor source)
    {
        if (source.Dims[1] < 2 || source.Dims[2] < 2)
        {
            return null;
        }

        var op = Pick("MaxPool", "AveragePool");
        var name = _model.Node(op, NextName(), [source.Name], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        return new Tensor(name, source.Dims[0], source.Dims[1] / 2, source.Dims[2] / 2);
    }

    /// <summary>x + f(x), the inner width free.</summary>
    private Tensor Residual(Tensor source)
    {
        var inner = Activate(Convolve(source, 2 + _random.Next(6), 1, 0, 1, 1, 1));
        var outer = Convolve(inner, source.Dims[0], 3, 1, 1, 1, 1);
        return source with { Name = _model.Node("Add", NextName(), [source.Name, outer.Name]) };
    }

    /// <summary>Squeeze and excite, by convolutions or through a vector.</summary>
    private Tensor Excite(Tensor source)
    {
        var channels = source.Dims[0];
        if (Chance(0.5))
        {
            var pooled = new Tensor(_model.Node("GlobalAveragePool", NextName(), [source.Name]), channels, 1, 1);
            var gate = Convolve(Activate(Convolve(pooled, 3, 1, 0, 1, 1, 1)), channels, 1, 0, 1, 1, 1);
            return source with { Name = _model.Node("Mul", NextName(), [source.Name, _model.Node("Sigmoid", NextName(), [gate.Name])]) };
        }

        var mean = new Tensor(_model.Node("ReduceMean", NextName(), [source.Name], ("axes", new long[] { 2, 3 }), ("keepdims", 0)), channels);
        var scale = _model.Node("Sigmoid", NextName(), [FullyConnect(Activate(FullyConnect(mean, 3)), channels).Name]);
        var image = _model.Node("Reshape", NextName(), [scale, Sizes(-1, channels, 1, 1)]);
        return source with { Name = _model.Node("Mul", NextName(), [source.Name, image]) };
    }

    /// <summary>One map scales all channels.</summary>
    private Tensor GatePositions(Tensor source)
    {
        var map = _model.Node("Tanh", NextName(), [Convolve(source, 1, 1, 0, 1, 1, 1).Name]);
        return source with { Name = _model.Node("Mul", NextName(), [map, source.Name]) };
    }

    private Tensor? Flatten(Tensor source)
    {
        var size = source.Dims.Aggregate((a, b) => a * b);
        if (size > 120)
        {
            return null;
        }

        var name = _random.Next(4) switch
        {
            0 => _model.Node("Flatten", NextName(), [source.Name]),
            1 => _model.Node("Reshape", NextName(), [source.Name, Sizes(0, -1)]),
            2 => _model.Node("Reshape", NextName(), [source.Name, ComputedTarget(source, size)]),
            _ => _model.Node("Flatten", NextName(), [_model.Node("Transpose", NextName(), [source.Name], ("perm", new long[] { 0, 2, 3, 1 }))]),
        };
        return new Tensor(name, size);
    }

    /// <summary>The batch read off the shape, and the rest.</summary>
    private string ComputedTarget(Tensor source, int size)
    {
        var shape = _model.Node("Shape", NextName(), [source.Name]);
        var batch = _model.Node("Gather", NextName(), [shape, Sizes(0)], ("axis", 0));
        return _model.Node("Concat", NextName(), [batch, Sizes(Chance(0.5) ? -1 : size)], ("axis", 0));
    }

    /// <summary>Channels of two groups dealt out in turn, as ShuffleNet does.</summary>
    private Tensor? Shuffle(Tensor source)
    {
        var (channels, height, width) = (source.Dims[0], source.Dims[1], source.Dims[2]);
        if (channels % 2 != 0 || channels < 4)
        {
            return null;
        }

        var split = _model.Node("Reshape", NextName(), [source.Name, Sizes(-1, 2, channels / 2, height, width)]);
        var dealt = _model.Node("Transpose", NextName(), [split], ("perm", new long[] { 0, 2, 1, 3, 4 }));
        return source with { Name = _model.Node("Reshape", NextName(), [dealt, Sizes(-1, channels, height, width)]) };
    }

    private Tensor ToSequence(Tensor source)
    {
        var (channels, positions) = (source.Dims[0], source.Dims[1] * source.Dims[2]);
        var flat = _model.Node("Reshape", NextName(), [source.Name, Sizes(0, channels, -1)]);
        return Chance(0.7)
            ? new Tensor(_model.Node("Transpose", NextName(), [flat], ("perm", new long[] { 0, 2, 1 })), positions, channels)
            : new Tensor(flat, channels, positions);
    }

    /// <summary>A product over the channels of an image that lie last for a while.</summary>
    private Tensor ProjectChannelsLast(Tensor source)
    {
        var last = _model.Node("Transpose", NextName(), [source.Name], ("perm", new long[] { 0, 2, 3, 1 }));
        var projected = Project(new Tensor(last, source.Dims[1], source.Dims[2], source.Dims[0]), 2 + _random.Next(5));
        var first = _model.Node("Transpose", NextName(), [projected.Name], ("perm", new long[] { 0, 3, 1, 2 }));
        return new Tensor(first, projected.Dims[2], source.Dims[1], source.Dims[2]);
    }
}
