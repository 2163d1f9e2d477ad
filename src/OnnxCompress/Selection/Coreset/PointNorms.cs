using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;

namespace OnnxCompress.Selection.Coreset;

/// <summary>
/// The largest values that outputs of linear layers can have: <c>|p_j| b</c>, with the point p_j the incoming weights of
/// output j with its bias as one more coordinate, and <c>b = sqrt(beta^2 + 1)</c> for inputs of norm beta
/// (Mussay et al. 2020; the released code takes an input weight for the bias, and beta for b). A channel of a convolution
/// is a point in inputs * kernel dimensions.
/// </summary>
/// <param name="analysis">Analysis of the original model.</param>
/// <param name="statistics">Say how large the inputs of layers are; a layer without is taken to read values of unit size.</param>
internal sealed class PointNorms(ModelAnalysis analysis, CalibrationStatistics statistics)
{
    private readonly Dictionary<string, double[]> _factors = new(StringComparer.Ordinal);

    /// <summary>Where statistics are taken for the size of what layers read.</summary>
    public static IEnumerable<ChannelTap> Taps(ModelAnalysis analysis) => analysis.Relations.Layers
        .Where(l => !l.SelectsInput)
        .Select(l => ChannelTap.OfInput(l, analysis.Relations.Shapes))
        .OfType<ChannelTap>();

    /// <summary>
    /// Notes what became of the channels that a layer reads, so that its points are those of the network as it stands:
    /// layers go bottom to top.
    /// </summary>
    /// <param name="consumer">The layer.</param>
    /// <param name="factors">One for each channel of the group; 0 where it went.</param>
    public void Scale(GroupConsumer consumer, ReadOnlySpan<double> factors)
    {
        var layer = consumer.Layer;
        if (!_factors.TryGetValue(layer.Node.Name, out var columns))
        {
            _factors[layer.Node.Name] = columns = new double[analysis.Relations.Graph.Constant(layer.Weight)!.Dims[layer.InputAxis]];
            Array.Fill(columns, 1);
        }

        for (var c = 0; c < consumer.Columns.Length; c++)
        {
            columns[consumer.Columns[c]] *= factors[consumer.Channels[c / consumer.ColumnsPerChannel]];
        }
    }

    /// <summary>The bound of each output channel.</summary>
    public double[] Of(LinearLayer layer)
    {
        var graph = analysis.Relations.Graph;
        var weight = graph.Constant(layer.Weight)!;
        var values = weight.ReadFloats();
        int[] dims = [.. weight.Dims.Select(d => (int)d)];
        var (outputStride, inputStride) = (Stride(dims, layer.OutputAxis), Stride(dims, layer.InputAxis));
        var squares = new double[dims[layer.OutputAxis]];
        var factors = _factors.GetValueOrDefault(layer.Node.Name);
        for (var i = 0; i < values.Length; i++)
        {
            var value = values[i] * (factors?[i / inputStride % dims[layer.InputAxis]] ?? 1);
            squares[i / outputStride % squares.Length] += value * value;
        }

        if (layer.Bias is { } name && graph.Constant(name) is { } bias && bias.ReadFloats() is { } shifts && shifts.Length == squares.Length)
        {
            for (var i = 0; i < shifts.Length; i++)
            {
                squares[i] += (double)shifts[i] * shifts[i];
            }
        }

        var inputs = values.Length / squares.Length;
        var radius = Math.Sqrt(SquaredInput(layer, inputs) + 1);
        return [.. squares.Select(s => Math.Sqrt(s) * radius)];
    }

    /// <summary>beta^2: mean square of what the layer reads, times the number of values that enter one output.</summary>
    private double SquaredInput(LinearLayer layer, int inputs)
    {
        var key = $"{layer.Input}@{layer.InputChannelAxis}";
        var found = statistics.Taps.GetValueOrDefault(key + ":all") ?? statistics.Taps.GetValueOrDefault(key);
        if (found is null || found.Rows == 0)
        {
            return inputs;
        }

        var total = found.Total();
        var energy = Enumerable.Range(0, total.Channels).Sum(c => total.Gram[c * (total.Channels + 1)]);
        return energy / total.Rows / total.Channels * inputs;
    }

    private static int Stride(int[] dims, int axis) => dims.Skip(axis + 1).Aggregate(1, (product, d) => product * d);
}
