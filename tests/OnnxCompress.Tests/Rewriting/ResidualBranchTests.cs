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

/// <summary>Branches of residual sums that go as a whole.</summary>
public sealed class ResidualBranchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<StreamForm> Forms => [.. Enum.GetValues<StreamForm>()];

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_branch_that_adds_nothing_goes_without_a_trace(StreamForm form)
    {
        foreach (var (last, constants) in new[] { ("l1.a.o", new[] { "l1.a.o.w" }), ("l0.down.p", ["l0.down.w", "l0.down.b"]) })
        {
            var stream = StreamModel.Of(form);
            Silence(stream.Model, constants);
            var branch = BranchOf(stream.Model, stream.Samples(1), last);

            var result = Compress(stream.Model, stream.Samples(1), Without(stream.Model, ReconstructionMode.None, branch));

            ModelAssert.SameContract(stream.Model, result.Model);
            ModelAssert.SameOutputs(stream.Model, result.Model, ModelAssert.Redundant, $"{form} {last}", stream.Samples(9));
            Assert.DoesNotContain(result.Model.Graph.Nodes, n => branch.Producers.Contains(n.Name) || n.OpType == "Identity");
            Assert.True(result.Compressed.Macs < result.Original.Macs && result.Compressed.Parameters < result.Original.Parameters);
            Assert.Equal(Analyze(result.Model, stream.Samples(1)).Macs, result.Compressed.Macs);
        }
    }

    [Fact]
    public void Random_transformers_lose_their_silent_branches()
    {
        for (var seed = 1; seed <= 12; seed++)
        {
            var random = new Random(seed);
            var form = (StreamForm)random.Next(Enum.GetValues<StreamForm>().Length);
            var (layers, twists) = (1 + random.Next(3), (StreamTwists)random.Next(8));
            var stream = StreamModel.Of(form, 9 + random.Next(16), layers, seed, random.Next(2) == 0, twists);
            var gone = new List<ChannelGroup>();
            for (var layer = 0; layer < layers; layer++)
            {
                var isAttention = random.Next(2) == 0;
                Silence(stream.Model, isAttention ? [$"l{layer}.a.o.w"] : [$"l{layer}.down.w", $"l{layer}.down.b"]);
                gone.Add(BranchOf(stream.Model, stream.Samples(1), isAttention ? $"l{layer}.a.o" : $"l{layer}.down.p"));
            }

            var result = Compress(stream.Model, stream.Samples(1), Without(stream.Model, ReconstructionMode.None, [.. gone]));

            ModelAssert.SameContract(stream.Model, result.Model);
            ModelAssert.SameOutputs(stream.Model, result.Model, ModelAssert.Redundant, $"{seed}: {form} {twists}", stream.Samples(seed + 50, count: 8));
        }
    }

    [Fact]
    public void A_search_takes_out_a_silent_branch_of_a_convolutional_network()
    {
        var model = Residual(out var samples);
        Silence(model, "b2.w", "b2.bias");

        var result = Compress(model, samples, new CompressionOptions { Methods = [CompressionMethod.Depth], Budget = new(KeepMacs: 0.8) });

        ModelAssert.SameContract(model, result.Model);
        ModelAssert.SameOutputs(model, result.Model, ModelAssert.Redundant, result.Plan.ToText(), samples);
        var site = Assert.Single(result.Sites);
        Assert.Equal(("s2/branch", CompressionMethod.Depth, 0, 1), (site.Site, site.Method, site.Kept, site.Of));
        // Rounding of float sums alone.
        Assert.InRange(site.MeasuredError, 0, 1e-5);
    }

    [Fact]
    public void The_layer_in_front_takes_up_what_it_can_of_a_branch()
    {
        var model = Residual(out var samples);
        var branch = BranchOf(model, samples, "b2");

        var (plain, fitted) = (Compress(model, samples, Without(model, ReconstructionMode.None, branch)), Compress(model, samples, Without(model, ReconstructionMode.Sequential, branch)));

        var (before, after) = (ModelAssert.Distance(model, plain.Model, samples), ModelAssert.Distance(model, fitted.Model, samples));
        Assert.True(after < 0.7 * before, $"{before:G3} without, {after:G3} with least squares");
        Assert.Contains(fitted.Layers, l => l.Layer == "b1");
    }

    [Fact]
    public void A_plan_file_says_which_branches_go()
    {
        var model = Residual(out var samples);
        var result = Compress(model, samples, Without(model, ReconstructionMode.Sequential, BranchOf(model, samples, "b2")));
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var file = Path.Combine(folder.FullName, "plan.json");
            result.Plan.Save(file);

            var again = Compress(model, samples, new CompressionOptions { Plan = CompressionPlan.Load(file) });

            ModelAssert.SameOutputs(result.Model, again.Model, 1e-5, "the same plan, the same data and the same thread", samples);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_plan_that_takes_channels_for_a_branch_is_refused()
    {
        var model = Residual(out var samples);
        var channels = Analyze(model, samples).Groups[0];

        var refused = Assert.Throws<OnnxCompressException>(() => Compress(model, samples, Without(model, ReconstructionMode.None, channels)));

        Assert.Equal(DiagnosticCodes.PlanMismatch, refused.Diagnostic.Code);
    }

    [Fact]
    public void A_branch_with_a_layer_that_is_left_out_stays_and_that_is_said()
    {
        var model = Residual(out var samples);

        var analysis = new Compressor(new CpuBackend(1), ModelRunner.Runtime).Analyze(model, samples, new CompressionOptions { Threads = 1, Exclude = ["b2"] }, Token);

        Assert.Equal(["s1/branch"], analysis.Branches.Select(b => b.Name));
        Assert.Contains(analysis.Refusals, r => r.Code == DiagnosticCodes.BranchHeld && r.Node == "s2" && r.Reason.Contains("'b2'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_report_says_which_branches_are_held_where_branches_may_go(bool isAsked)
    {
        var model = Residual(out var samples);
        CompressionMethod[] methods = isAsked ? [CompressionMethod.Interpolative, CompressionMethod.Depth] : [CompressionMethod.Interpolative];

        var result = Compress(
            model, samples, new CompressionOptions { Budget = new(KeepParameters: 0.9), Methods = methods, Exclude = ["b2"], Trials = 1, Reconstruction = ReconstructionMode.None });

        Assert.Equal(isAsked, result.Refused.Any(r => r.Code == DiagnosticCodes.BranchHeld));
    }

    [Fact]
    public void Of_two_layers_beside_each_other_the_dearer_one_is_the_branch()
    {
        var test = new TestModel();
        test.Input("x", "N", 6, 5, 5);
        var shortcut = test.Conv("shortcut", "x", 6, 8);
        var long_ = test.Conv("second", test.Relu("r", test.Conv("first", "x", 6, 8, kernel: 3, pad: 1)), 8, 8, kernel: 3, pad: 1);
        var sum = test.Node("Add", "sum", [long_, shortcut]);
        var model = test.Output(test.Conv("head", test.Relu("r2", sum), 8, 3), "N", 3, 5, 5).Build();

        var branch = Assert.Single(Analyze(model, ModelRunner.Samples(model, 8, 1)).Branches);

        Assert.Equal(["first", "second"], branch.Producers);
    }

    /// <summary>Two sums of images, each behind an activation.</summary>
    private static OnnxModel Residual(out ISampleSource samples)
    {
        var test = new TestModel(seed: 4);
        test.Input("x", "N", 3, 6, 6);
        var at = test.Relu("r0", test.Conv("stem", "x", 3, 8, kernel: 3, pad: 1));
        foreach (var block in new[] { 1, 2 })
        {
            var inner = test.Relu($"a{block}.r", test.Conv($"a{block}", at, 8, 12, kernel: 3, pad: 1));
            var made = test.Node("Conv", $"b{block}", [inner, test.Weight($"b{block}.w", 8, 12, 3, 3), test.Weight($"b{block}.bias", 8)], ("pads", new long[] { 1, 1, 1, 1 }));
            at = test.Relu($"r{block}", test.Node("Add", $"s{block}", [made, at]));
        }

        var model = test.Output(test.Conv("head", at, 8, 4), "N", 4, 6, 6).Build();
        samples = ModelRunner.Samples(model, 96, 3);
        return model;
    }

    private static void Silence(OnnxModel model, params string[] constants)
    {
        foreach (var constant in constants)
        {
            model.Edit(constant, Array.Clear);
        }
    }

    private static ChannelGroup BranchOf(OnnxModel model, ISampleSource samples, string last)
    {
        var branches = Analyze(model, samples).Branches;
        return branches.SingleOrDefault(b => b.Producers[^1] == last || b.Producers[^1] == last.Replace(".p", "", StringComparison.Ordinal))
            ?? throw new Xunit.Sdk.XunitException($"No branch of '{last}': {string.Join(' ', branches.Select(b => b.Describe()))}");
    }

    private static CompressionOptions Without(OnnxModel model, ReconstructionMode mode, params ChannelGroup[] branches) => new()
    {
        Plan = new CompressionPlan(model.SourceSha256, [.. branches.Select(b => new ChannelPlan(b.Name, CompressionMethod.Depth, [], 1, 0, 0))]),
        Reconstruction = mode,
    };

    private static ModelAnalysis Analyze(OnnxModel model, ISampleSource samples) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Analyze(model, samples, new CompressionOptions { Threads = 1 }, Token);

    private static CompressionResult Compress(OnnxModel model, ISampleSource samples, CompressionOptions options) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(model, samples, options with { Threads = 1 }, null, Token);
}
