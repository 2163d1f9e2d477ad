namespace OnnxCompress.Timing;

/// <summary>
/// About how long layers take, by the table for this CPU in place of a measurement: what a budget that does not limit time
/// needs to know of it, the same on every machine with such vectors. In products of one vector with one number.
/// </summary>
internal static class VectorTimes
{
    /// <summary>A value that is written and read again, in products of a vector.</summary>
    private const double PerValue = 0.5;

    /// <summary>A weight that is read once for a single row.</summary>
    private const double PerWeight = 0.5;

    /// <summary>What starting a node takes, about two microseconds.</summary>
    private const double PerNode = 8000;

    /// <summary>A value of fewer channels than a vector, which is brought out of the blocked layout and read one by one.</summary>
    private const double PerOddValue = 8;

    /// <summary>Outputs of a convolution are made in four vectors at a time; fewer hardly save anything for one and two.</summary>
    private static readonly double[] Rest = [0, 2, 2.3, 3];

    /// <summary>A split must take at most this share of its layer's time: the table is not finer than that.</summary>
    private const double Clear = 0.95;

    /// <summary>Whether thin layers take clearly less time than the layer; true where the table says nothing.</summary>
    /// <param name="whole">The layer with the channels that remain.</param>
    /// <param name="chain">Its thin layers.</param>
    /// <param name="vector">Channels in a vector.</param>
    public static bool IsFaster(TimedNode whole, TimedChain chain, int vector) =>
        whole.Groups > 1 || chain.Nodes.Any(n => n.Groups > 1) || Of(chain, vector) < Clear * Of(new TimedChain(whole), vector);

    /// <summary>About what a chain adds to a run.</summary>
    public static double Of(TimedChain chain, int vector) => chain.Nodes.Sum(n => Of(n, vector));

    private static double Of(TimedNode node, int vector) =>
        PerNode + (node.Kernel.Count == 0 ? Product(node, vector) : Convolution(node, vector));

    private static double Convolution(TimedNode node, int vector)
    {
        double positions = Count(node.OutputSpace()) * node.Batch;
        // Fewer channels than a vector are read one by one; else whole vectors are.
        var inputs = node.Inputs < vector ? node.Inputs : RoundUp(node.Inputs, vector);
        var vectors = RoundUp(node.Outputs, vector) / vector;
        var products = positions * Count(node.Kernel) * inputs / node.Groups * ((vectors / 4 * 4) + Rest[vectors % 4]);
        var read = Count(node.Space) * node.Batch * node.Inputs;
        return products + (PerValue * (read + (positions * node.Outputs))) + (node.Inputs < vector ? PerOddValue * read : 0);
    }

    private static double Product(TimedNode node, int vector)
    {
        double rows = Count(node.Space), weights = (double)node.Inputs * node.Outputs;
        return Math.Max(rows * node.Inputs * (RoundUp(node.Outputs, vector) / vector), PerWeight * weights) + (PerValue * rows * (node.Inputs + node.Outputs));
    }

    private static double Count(IEnumerable<int> sizes) => sizes.Aggregate(1.0, (product, size) => product * size);

    private static int RoundUp(int count, int multiple) => (count + multiple - 1) / multiple * multiple;
}
