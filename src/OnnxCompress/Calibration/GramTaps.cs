using OnnxCompress.Dependencies.Streams;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration;

/// <summary>
/// Adds nodes to a copy of a model so that the runtime itself computes the Gram matrix and the column sums of each tap.
/// Activations never leave the runtime; what leaves are <c>channels x channels</c> blocks in float over at most
/// <see cref="LargestBlockRows"/> rows where the shape allows, which the caller sums in double.
/// </summary>
internal static class GramTaps
{
    /// <summary>More rows than this in one float sum would raise its noise above 1e-6 of the largest diagonal.</summary>
    public const int LargestBlockRows = 4096;

    /// <summary>The copy, without outputs, in which two tensors for each tap can be observed: its Gram blocks and its column sums.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Its shapes.</param>
    /// <param name="taps">Where statistics are taken.</param>
    /// <param name="batchSize">Samples in a run.</param>
    /// <param name="varies">Whether samples differ in shape: then the whole batch is one block, and behind all others comes,
    /// for each tap, the number of its values.</param>
    /// <param name="mask">The input whose zeros mark rows that do not count; null for none.</param>
    /// <param name="outputs">Names of these tensors.</param>
    public static OnnxModel Insert(
        OnnxModel model, TensorShapes shapes, IReadOnlyList<ChannelTap> taps, int batchSize, bool varies, MaskedRows? mask, out string[] outputs)
    {
        var tapped = model.Clone();
        var graph = tapped.Graph;
        graph.ClearOutputs();
        outputs = new string[taps.Count * (varies ? 3 : 2)];
        for (var i = 0; i < taps.Count; i++)
        {
            var builder = new TapBuilder(graph, model.Opset, $"tap{i}");
            (outputs[2 * i], outputs[(2 * i) + 1]) = builder.Build(taps[i], shapes, varies ? 0 : batchSize, mask);
            if (varies)
            {
                outputs[(2 * taps.Count) + i] = builder.Size(taps[i].Tensor);
            }
        }

        graph.Index();
        return tapped;
    }

    /// <summary>Chains nodes behind one tensor.</summary>
    private sealed class TapBuilder(ModelGraph graph, long opset, string prefix)
    {
        private string _current = "";
        private int _count;

        public (string Gram, string Sums) Build(ChannelTap tap, TensorShapes shapes, int batchSize, MaskedRows? mask)
        {
            var dims = shapes.Of(tap.Tensor)!;
            var rows = tap.RowsPerSample(shapes);
            _current = tap.Tensor;
            if (shapes.TypeOf(tap.Tensor) != ElementType.Float)
            {
                Append("Cast").SetInt("to", (long)ElementType.Float);
            }

            if (tap.Unscaled is { } norm)
            {
                TakeOff(norm, tap, dims.Length);
            }

            if (mask?.AxesOf(tap) is { } axes)
            {
                LeaveOut(mask, axes, dims.Length);
            }

            return tap is { Multiplicity: 1, Axis: 1 } && dims.Length > 2 && rows * batchSize > LargestBlockRows
                ? ChannelsFirst(tap.Channels, rows)
                : ChannelsLast(tap, dims, rows, rows * batchSize > LargestBlockRows);
        }

        /// <summary>From what a normalisation made to what it had before it scaled and shifted that.</summary>
        private void TakeOff(Normalisation norm, ChannelTap tap, int rank)
        {
            long[] dims = [tap.Channels, .. Enumerable.Repeat(1L, rank - 1 - tap.Axis)];
            void Along(string opType, string constant, Func<float, float> value)
            {
                var name = graph.UniqueName($"{prefix}_{opType}");
                graph.AddInitializer(name, ElementType.Float, dims).Write(dims, [.. graph.Constant(constant)!.ReadFloats().Select(value)]);
                Append(opType, name);
            }

            if (norm.Shift is { } shift)
            {
                Along("Sub", shift, static v => v);
            }

            if (norm.Scale is { } scale)
            {
                Along("Mul", scale, static v => 1 / v);
            }
        }

        public string Size(string tensor)
        {
            _current = tensor;
            Append("Size");
            return _current;
        }

        /// <summary>
        /// Zeros in place of rows that do not count: they add nothing to sums, whatever stood there. A product with the mask would
        /// keep what is no number.
        /// </summary>
        private void LeaveOut(MaskedRows mask, int[] axes, int rank)
        {
            var values = _current;
            _current = mask.Input;
            Append("Cast").SetInt("to", (long)ElementType.Bool);
            if (axes.Length == 1)
            {
                Append("Reshape", Shape(-1));
            }
            else if (mask.UnitAxes.Length > 0)
            {
                Along("Squeeze", mask.UnitAxes);
            }

            Along("Unsqueeze", [.. Enumerable.Range(0, rank).Except(axes).Select(axis => (long)axis)]);
            var zero = graph.UniqueName($"{prefix}_zero");
            graph.AddInitializer(zero, ElementType.Float, []).Write([], [0f]);
            var output = Name("Where");
            graph.AddNode("Where", output, [_current, values, zero], [output]);
            _current = output;
        }

        // The axes of Squeeze and Unsqueeze became an input in opset 13.
        private void Along(string opType, long[] axes)
        {
            if (axes.Length == 0)
            {
                return;
            }

            if (opset >= 13)
            {
                Append(opType, graph.AddIntegers($"{prefix}_axes", axes));
            }
            else
            {
                Append(opType).SetInts("axes", axes);
            }
        }

        /// <summary><c>N x C x P</c> times its transpose, image by image: no transpose of the whole activation.</summary>
        private (string Gram, string Sums) ChannelsFirst(int channels, long rows)
        {
            var blocks = Enumerable.Range(1, (int)Math.Min(rows, 1024)).FirstOrDefault(k => rows % k == 0 && rows / k <= LargestBlockRows, 1);
            var block = rows / blocks;
            Append("Reshape", Shape(-1, channels, blocks, block));
            if (blocks > 1)
            {
                Append("Transpose").SetInts("perm", [0, 2, 1, 3]);
            }

            Append("Reshape", Shape(-1, channels, block));
            var values = _current;
            Append("Transpose").SetInts("perm", [0, 2, 1]);
            return (Product(values, _current), Sum(values, axis: 2));
        }

        /// <summary>Rows of channels: the whole batch in one product, or sample by sample when that is too many rows.</summary>
        private (string Gram, string Sums) ChannelsLast(ChannelTap tap, int[] dims, long rows, bool bySample)
        {
            if (tap.Axis != dims.Length - 1)
            {
                var others = Enumerable.Range(0, dims.Length).Where(a => a != tap.Axis).Select(a => (long)a);
                Append("Transpose").SetInts("perm", others.Append(tap.Axis));
            }

            var order = new long[tap.Positions.Length];
            for (var i = 0; i < order.Length; i++)
            {
                // Position by position, all channels: then a row of the reshaped matrix is one position.
                order[i] = tap.Positions[(i % tap.Channels * tap.Multiplicity) + (i / tap.Channels)];
            }

            if (order.Index().Any(o => o.Item != o.Index))
            {
                Append("Gather", graph.AddIntegers($"{prefix}_order", order)).SetInt("axis", dims.Length - 1);
            }

            Append("Reshape", bySample ? Shape(-1, rows, tap.Channels) : Shape(-1, tap.Channels));
            var values = _current;
            Append("Transpose").SetInts("perm", bySample ? [0, 2, 1] : [1, 0]);
            return (Product(_current, values), Sum(values, bySample ? 1 : 0));
        }

        private string Shape(params ReadOnlySpan<long> dims) => graph.AddIntegers($"{prefix}_shape", dims);

        private string Sum(string values, long axis)
        {
            _current = values;
            // The axes of ReduceSum became an input in opset 13.
            var node = opset >= 13 ? Append("ReduceSum", graph.AddIntegers($"{prefix}_axes", axis)) : Append("ReduceSum");
            if (opset < 13)
            {
                node.SetInts("axes", [axis]);
            }

            node.SetInt("keepdims", 0);
            return _current;
        }

        private string Product(string left, string right)
        {
            var output = Name("product");
            graph.AddNode("MatMul", output, [left, right], [output]);
            return output;
        }

        private GraphNode Append(string opType, params ReadOnlySpan<string> more)
        {
            var output = Name(opType);
            var node = graph.AddNode(opType, output, [_current, .. more], [output]);
            _current = output;
            return node;
        }

        private string Name(string what) => graph.UniqueName($"{prefix}_{_count++}_{what}");
    }
}
