using OnnxCompress.Calibration;
using OnnxCompress.Selection;
using Oracle = MathNet.Numerics.LinearAlgebra.Matrix<double>;

namespace OnnxCompress.Tests.Testing;

/// <summary>Activations made up in double, as statistics of a small network and as the data that least squares is checked on.</summary>
internal static class GramData
{
    private const int Outputs = 4;

    /// <summary>Numbers mixed so that channels are correlated, differ in size and have means that are not zero.</summary>
    public static Oracle Correlated(int rows, int seed, int columns)
    {
        var random = new Random(seed);
        var mixing = Oracle.Build.Dense(columns, columns, (i, j) => i == j ? 1 : 0.4 * (new Random((i * 31) + j).NextDouble() - 0.5));
        return (Oracle.Build.Dense(rows, columns, (_, _) => random.NextDouble() + random.NextDouble() - 0.7) * mixing).MapIndexed((_, j, v) => v * (1 + (0.2 * j)));
    }

    /// <summary>Some columns.</summary>
    public static Oracle Columns(Oracle data, int[] indices) => Oracle.Build.DenseOfColumnVectors(indices.Select(data.Column));

    /// <summary>All columns by those that are kept.</summary>
    public static Oracle LeastSquares(Oracle data, int[] kept) => Columns(data, kept).QR().Solve(data);

    /// <summary>The consumer's weights, <c>outputs x channels</c>.</summary>
    public static Oracle Weights(Workbench bench, int channels) =>
        Oracle.Build.Dense(Outputs, channels, (i, j) => bench.Model.Floats("f2.w")[(i * channels) + j]);

    /// <summary>A network whose group f1 has these activations.</summary>
    public static (Workbench Bench, ConsumerMoments Moments) Moments(Oracle fit, Oracle? check, bool centre)
    {
        var channels = fit.ColumnCount;
        var builder = new TestModel();
        builder.Input("x", "N", 3);
        builder.Gemm("f2", builder.Gemm("f1", "x", 3, channels), channels, Outputs);
        var bench = new Workbench(builder.Output("f2").Build());
        var consumer = bench.Group("f1").ConsumerLayers[0];
        var statistics = new CalibrationStatistics(bench.Model.SourceSha256) { Samples = fit.RowCount };
        var tap = statistics.Open(ChannelTap.Of(consumer).Key, channels);
        Fill(tap.Fit, fit);
        if (check is not null)
        {
            Fill(tap.Check, check);
        }

        return (bench, new ConsumerMoments(consumer, bench.Model.Graph, statistics, Workbench.Backend, centre));
    }

    private static void Fill(ChannelStatistics statistics, Oracle data)
    {
        data.TransposeThisAndMultiply(data).ToRowMajorArray().CopyTo(statistics.Gram, 0);
        data.ColumnSums().ToArray().CopyTo(statistics.Sums, 0);
        statistics.Restore(data.RowCount);
    }
}
