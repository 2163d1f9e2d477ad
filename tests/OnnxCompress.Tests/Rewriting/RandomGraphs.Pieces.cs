namespace OnnxCompress.Tests.Rewriting;

/// <content>Pieces of images: ranges, parts, borders, other sizes.</content>
internal sealed partial class RandomGraphs
{
    private bool HasSplitInput => _model.Proto.OpsetImport[0].Version >= 13;

    /// <summary>A range of channels, or every second row.</summary>
    private Tensor? SliceChannels(Tensor source)
    {
        var channels = source.Dims[0];
        if (channels > 1 && Chance(0.25))
        {
            return SliceStepped(source, axis: 0);
        }

        if (Chance(0.3))
        {
            var rows = _model.Node("Slice", NextName(), [source.Name, Sizes(0), Sizes(99), Sizes(-2), Sizes(2)]);
            return new Tensor(rows, channels, (source.Dims[1] + 1) / 2, source.Dims[2]);
        }

        var (start, length) = (_random.Next(channels), 1 + _random.Next(channels));
        length = Math.Min(length, channels - start);
        long[] range = Chance(0.3) ? [start - channels, start + length == channels ? long.MaxValue : start + length - channels] : [start, start + length];
        return new Tensor(_model.Node("Slice", NextName(), [source.Name, Sizes(range[0]), Sizes(range[1]), Sizes(1)]), length, source.Dims[1], source.Dims[2]);
    }

    /// <summary>Two parts; one goes its own way, or both are laid together again in the other order.</summary>
    private Tensor? SplitChannels(Tensor source)
    {
        var channels = source.Dims[0];
        if (channels < 2)
        {
            return null;
        }

        var first = channels % 2 == 0 && Chance(0.5) ? channels / 2 : 1 + _random.Next(channels - 1);
        var name = NextName();
        string[] parts = [$"{name}.a", $"{name}.b"];
        if (HasSplitInput)
        {
            _model.Nodes("Split", name, first * 2 == channels && Chance(0.5) ? [source.Name] : [source.Name, Sizes(first, channels - first)], parts, ("axis", 1));
        }
        else
        {
            _model.Nodes("Split", name, [source.Name], parts, ("axis", 1), ("split", new long[] { first, channels - first }));
        }

        var left = new Tensor(parts[0], first, source.Dims[1], source.Dims[2]);
        var right = new Tensor(parts[1], channels - first, source.Dims[1], source.Dims[2]);
        if (Chance(0.5))
        {
            // The other part is there for whoever picks it.
            _tensors.Add(right);
            return Activate(left);
        }

        return source with { Name = _model.Node("Concat", NextName(), [Activate(right).Name, left.Name], ("axis", 1)) };
    }

    private Tensor PadImage(Tensor source)
    {
        var (front, back, top, bottom) = (_random.Next(3), _random.Next(3), _random.Next(2), _random.Next(2));
        var name = _model.Node("Pad", NextName(), [source.Name, Sizes(0, front, top, 0, 0, back, bottom, 0)]);
        return new Tensor(name, source.Dims[0] + front + back, source.Dims[1] + top + bottom, source.Dims[2]);
    }

    private Tensor? Upsample(Tensor source)
    {
        var (channels, height, width) = (source.Dims[0], source.Dims[1], source.Dims[2]);
        if (height * width > 40)
        {
            return null;
        }

        if (Chance(0.4))
        {
            return UpsampleAsComputed(source);
        }

        // Scales leave the batch open; sizes would state it.
        var (rows, columns) = (Pick(1, 2), Pick(1, 2));
        var scales = _model.Floats(NextName(), [4], 1, 1, rows, columns);
        return new Tensor(_model.Node("Resize", NextName(), [source.Name, _model.Floats(NextName(), [0]), scales], ("mode", "nearest")), channels, height * rows, width * columns);
    }

    private Tensor? ConvolveTransposed(Tensor source)
    {
        var (channels, height, width) = (source.Dims[0], source.Dims[1], source.Dims[2]);
        if (height * width > 40)
        {
            return null;
        }

        var isDepthwise = channels > 1 && Chance(0.3);
        var to = isDepthwise ? channels : 2 + _random.Next(5);
        var name = NextName();
        var weight = _model.Weight($"{name}.w", channels, isDepthwise ? 1 : to, 2, 2);
        _model.Node("ConvTranspose", name, [source.Name, weight, _model.Weight($"{name}.b", to)],
            ("strides", new long[] { 2, 2 }), ("group", isDepthwise ? channels : 1));
        return new Tensor(name, to, height * 2, width * 2);
    }
}
