using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>Residual streams that are turned and narrowed.</summary>
public sealed class StreamTests
{
    private const int Left = 15;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<StreamForm, bool> Forms => [.. Enum.GetValues<StreamForm>().SelectMany(form => new[] { (form, true), (form, false) })];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Directions_that_nobody_writes_go_without_a_trace(StreamForm form, bool isBiased)
    {
        var stream = StreamModel.Of(form, isBiased: isBiased);
        stream.Combine(Projection(stream.Width, Left, seed: 5));
        // Of a stream whose mean is taken off, so many directions need one channel more.
        var kept = Left + (IsCentred(form) ? 1 : 0);

        var result = Cut(stream, kept, ReconstructionMode.None);

        ModelAssert.SameContract(stream.Model, result.Model);
        ModelAssert.SameOutputs(stream.Model, result.Model, ModelAssert.Redundant, $"{form}", stream.Samples(9));
        Assert.All(stream.Written, w => Assert.Equal(kept, result.Model.Graph.Constant(w.Constant)!.Dims[w.Axis]));
    }

    private static bool IsCentred(StreamForm form) => form is StreamForm.Layer or StreamForm.LayerPieces or StreamForm.SkipLayer;

    /// <summary>Onto so many random directions.</summary>
    private static Action<float[]> Projection(int width, int rank, int seed)
    {
        var random = new Random(seed);
        var directions = new List<double[]>();
        while (directions.Count < rank)
        {
            double[] next = [.. Enumerable.Range(0, width).Select(_ => random.NextDouble() - 0.5)];
            foreach (var known in directions)
            {
                var dot = known.Zip(next, (a, b) => a * b).Sum();
                next = [.. next.Zip(known, (a, b) => a - (dot * b))];
            }

            var length = Math.Sqrt(next.Sum(v => v * v));
            directions.Add([.. next.Select(v => v / length)]);
        }

        return row =>
        {
            var projected = new double[width];
            foreach (var direction in directions)
            {
                var dot = direction.Zip(row, (a, b) => a * b).Sum();
                for (var i = 0; i < width; i++)
                {
                    projected[i] += dot * direction[i];
                }
            }

            for (var i = 0; i < width; i++)
            {
                row[i] = (float)projected[i];
            }
        };
    }

    private static CompressionResult Cut(StreamModel stream, int kept, ReconstructionMode mode) => Compress(stream, new CompressionOptions
    {
        Plan = new CompressionPlan(stream.Model.SourceSha256, [new ChannelPlan("words", CompressionMethod.LowRank, [.. Enumerable.Range(0, kept)], stream.Width, 0, 0)]),
        Reconstruction = mode,
    });

    private static CompressionResult Compress(StreamModel stream, CompressionOptions options) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(stream.Model, stream.Samples(1), options with { Threads = 1 }, null, Token);
}
