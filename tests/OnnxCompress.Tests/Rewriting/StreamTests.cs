using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Samples;
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

    [Fact]
    public void Streams_of_random_transformers_lose_what_says_nothing()
    {
        for (var seed = 1; seed <= 24; seed++)
        {
            var random = new Random(seed);
            var form = (StreamForm)random.Next(Enum.GetValues<StreamForm>().Length);
            var twists = (StreamTwists)random.Next(8);
            var stream = StreamModel.Of(form, 9 + random.Next(16), random.Next(3), seed, random.Next(2) == 0, twists);
            // Copies, silence, or any directions.
            var (copy, rank) = (random.Next(stream.Width - 1), 2 + random.Next(stream.Width - 4));
            (Action<float[]> combine, int left) = random.Next(3) switch
            {
                0 => (row => row[^1] = row[copy], stream.Width - 1),
                1 => (row => Array.Clear(row, rank, row.Length - rank), rank),
                _ => (Projection(stream.Width, rank, seed), rank),
            };
            stream.Combine(combine);
            var kept = left + (IsCentred(form) ? 1 : 0);

            var result = Cut(stream, Math.Min(kept, stream.Width - 1), ReconstructionMode.None);

            ModelAssert.SameContract(stream.Model, result.Model);
            ModelAssert.SameOutputs(stream.Model, result.Model, ModelAssert.Redundant, $"{seed}: {form} {twists}", stream.Samples(seed + 50, count: 8));
        }
    }

    [Theory]
    [InlineData(StreamTwists.Tied, "the weight 'words.w' is shared by 'words' and 'turned'")]
    [InlineData(StreamTwists.Behind, "normalise behind their sums")]
    [InlineData(StreamTwists.Shown, "they are the model's output 'embedded'")]
    public void A_stream_that_is_not_understood_is_held_and_that_is_said(StreamTwists twists, string why)
    {
        var stream = StreamModel.Of(StreamForm.Layer, twists: twists);

        var analysis = Analyze(stream, new CompressionOptions());

        Assert.DoesNotContain(analysis.Groups, g => g.Stream is not null);
        Assert.Contains(analysis.Refusals, r => r.Code == DiagnosticCodes.StreamHeld && r.Reason.Contains(why, StringComparison.Ordinal));
    }

    [Fact]
    public void A_scale_of_nothing_holds_a_stream()
    {
        var stream = StreamModel.Of(StreamForm.Simplified);
        stream.Model.Edit("l1.n2.gain", values => values[3] = 0);

        Assert.Contains(Analyze(stream, new CompressionOptions()).Refusals, r => r.Code == DiagnosticCodes.StreamHeld && r.Node == "l0.n1" && r.Reason.Contains("'l1.n2'", StringComparison.Ordinal));
    }

    [Fact]
    public void Layers_that_are_excluded_hold_their_stream()
    {
        var analysis = Analyze(StreamModel.Of(StreamForm.Layer), new CompressionOptions { Exclude = ["l1.down*"] });

        Assert.Contains(analysis.Refusals, r => r.Code == DiagnosticCodes.StreamHeld && r.Reason.Contains("--exclude", StringComparison.Ordinal));
    }

    [Fact]
    public void Streams_are_turned_by_low_rank_with_data_only()
    {
        var stream = StreamModel.Of(StreamForm.Layer);

        Assert.DoesNotContain(Analyze(stream, new CompressionOptions { Methods = [CompressionMethod.Interpolative] }).Groups, g => g.Stream is not null);
        Assert.DoesNotContain(Analyze(stream, new CompressionOptions { IsDataFree = true }).Groups, g => g.Stream is not null);
        Assert.Contains("A residual stream of 24 channels", Assert.Single(Analyze(stream, new CompressionOptions()).Groups, g => g.Stream is not null).Describe(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 0, 2 })]
    [InlineData(new[] { 0 })]
    public void A_plan_that_keeps_other_directions_than_the_first_is_refused(int[] kept)
    {
        var stream = StreamModel.Of(StreamForm.Layer);
        var site = StreamOf(stream.Model, stream.Samples(1)).Name;

        var refused = Assert.Throws<OnnxCompressException>(() => Compress(stream, new CompressionOptions
        {
            Plan = new CompressionPlan(stream.Model.SourceSha256, [new ChannelPlan(site, CompressionMethod.LowRank, kept, stream.Width, 0, 0)]),
        }));

        Assert.Equal(DiagnosticCodes.PlanMismatch, refused.Diagnostic.Code);
    }

    [Theory]
    [InlineData(StreamForm.Layer)]
    [InlineData(StreamForm.SkipSimplified)]
    public void Least_squares_make_a_narrow_stream_better(StreamForm form)
    {
        var stream = StreamModel.Of(form);

        var (plain, fitted) = (Cut(stream, 18, ReconstructionMode.None), Cut(stream, 18, ReconstructionMode.Sequential));

        var (before, after) = (ModelAssert.Distance(stream.Model, plain.Model, stream.Samples(9)), ModelAssert.Distance(stream.Model, fitted.Model, stream.Samples(9)));
        Assert.True(after < before, $"{form}: {before:G3} without, {after:G3} with least squares");
        Assert.True(before < 0.7, $"{form}: {before:G3}");
        // The layers that read the stream are looked at in what they make, biases that they have taken up included.
        Assert.InRange(fitted.Sites.Single().MeasuredError, 1e-4, 0.7);
    }

    [Theory]
    [InlineData(StreamForm.LayerPieces)]
    [InlineData(StreamForm.Simplified)]
    public void A_search_narrows_a_stream_that_says_little(StreamForm form)
    {
        var stream = StreamModel.Of(form);
        stream.Combine(Projection(stream.Width, 8, seed: 5));
        var read = StreamOf(stream.Model, stream.Samples(1));

        var result = Compress(stream, new CompressionOptions { Budget = new(KeepParameters: 0.5), Methods = [CompressionMethod.LowRank], Alignment = 1 });

        Assert.True(result.Compressed.Parameters <= 0.5 * result.Original.Parameters);
        ModelAssert.SameContract(stream.Model, result.Model);
        var site = Assert.Single(result.Plan.Channels);
        Assert.Equal(read.Name, site.Site);
        // Least squares in sequence aim at what activations let through of few samples, and are not exact.
        Assert.True(ModelAssert.Distance(stream.Model, result.Model, stream.Samples(9)) < 0.05, result.Plan.ToText());
        // The file says it all.
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var file = Path.Combine(folder.FullName, "plan.json");
            result.Plan.Save(file);
            var again = Compress(stream, new CompressionOptions { Plan = CompressionPlan.Load(file) });
            ModelAssert.SameOutputs(result.Model, again.Model, 1e-5, "the same plan, the same data and the same thread", stream.Samples(9));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
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
        Plan = new CompressionPlan(stream.Model.SourceSha256, [new ChannelPlan(StreamOf(stream.Model, stream.Samples(1)).Name, CompressionMethod.LowRank, [.. Enumerable.Range(0, kept)], stream.Width, 0, 0)]),
        Reconstruction = mode,
    });

    private static ModelAnalysis Analyze(StreamModel stream, CompressionOptions options) => Analyze(stream.Model, stream.Samples(1), options);

    private static ModelAnalysis Analyze(OnnxModel model, ISampleSource samples, CompressionOptions options) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Analyze(model, samples, options with { Threads = 1 }, Token);

    private static ChannelGroup StreamOf(OnnxModel model, ISampleSource samples)
    {
        var analysis = Analyze(model, samples, new CompressionOptions());
        var held = analysis.Refusals.Where(r => r.Code == DiagnosticCodes.StreamHeld).Select(r => r.Reason);
        return analysis.Groups.SingleOrDefault(g => g.Stream is not null) ?? throw new Xunit.Sdk.XunitException($"No stream: {string.Join(' ', held)} {string.Join(' ', analysis.Groups.Select(g => g.Describe()))}");
    }

    private static CompressionResult Compress(StreamModel stream, CompressionOptions options) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(stream.Model, stream.Samples(1), options with { Threads = 1 }, null, Token);
}
