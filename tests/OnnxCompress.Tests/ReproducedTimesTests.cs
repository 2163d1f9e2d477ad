using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests;

/// <summary>What was measured once decides, whatever the machine does when the same is asked for again.</summary>
public sealed class ReproducedTimesTests
{
    public static TheoryData<string> Objectives => ["latency budget", "latency budget in any numbers", "operations budget", "fastest that keeps enough"];

    [Theory]
    [MemberData(nameof(Objectives))]
    public void With_the_times_of_an_earlier_run_the_same_bytes_come_on_a_busy_machine(string objective)
    {
        using var folder = new TemporaryFolder();
        var options = OptionsOf(objective) with { CacheFolder = folder.Root };
        var first = Compress(new UnsteadyRuntime(TimeSpan.Zero, seed: 1), options);

        var busy = Compress(new UnsteadyRuntime(TimeSpan.FromMilliseconds(2), seed: 2), options);

        Assert.True(first.Plan.Sites.Count > 0 || first.Plan.Precision != NumberForm.Float);
        Assert.Equal(first.Plan.ToText(), busy.Plan.ToText());
        Assert.Equal(first.Model.ContentHash(), busy.Model.ContentHash());
    }

    [Fact]
    public void A_plan_is_carried_out_without_measuring()
    {
        var made = Compress(new UnsteadyRuntime(TimeSpan.Zero, seed: 1), OptionsOf("operations budget"));
        var (steady, busy) = (new UnsteadyRuntime(TimeSpan.Zero, seed: 1), new UnsteadyRuntime(TimeSpan.FromMilliseconds(2), seed: 2));

        var (one, other) = (Compress(steady, new CompressionOptions { Plan = made.Plan }), Compress(busy, new CompressionOptions { Plan = made.Plan }));

        // Measuring runs a model as often as there is time for it.
        Assert.Equal(steady.Runs, busy.Runs);
        Assert.Equal((made.Model.ContentHash(), made.Model.ContentHash()), (one.Model.ContentHash(), other.Model.ContentHash()));
    }

    [Fact]
    public void A_plan_that_differs_in_its_errors_alone_is_not_timed_again()
    {
        // As from statistics that were added up in another order.
        var (model, runtime) = (Model, new UnsteadyRuntime(TimeSpan.Zero, seed: 1));
        var times = new ResultTimes(runtime, model, ModelRunner.Samples(model, count: 32), OptionsOf("operations budget") with { Threads = 1 });
        CompressionPlan PlanOf(double error, params int[] kept) =>
            new("ab", [new ChannelPlan("first", CompressionMethod.Interpolative, kept, 128, error, Ridge: error / 10)]) { Rule = $"errors of {error}" };

        var share = times.Share(PlanOf(0.1, 1, 2), model, TestContext.Current.CancellationToken);
        var runs = runtime.Runs;

        Assert.Equal(share, times.Share(PlanOf(0.1000001, 1, 2), model, TestContext.Current.CancellationToken));
        Assert.Equal(runs, runtime.Runs);
        times.Share(PlanOf(0.1, 1, 3), model, TestContext.Current.CancellationToken);
        Assert.True(runtime.Runs > runs);
    }

    private static CompressionOptions OptionsOf(string objective) => objective switch
    {
        "latency budget" => new() { Budget = new(KeepLatency: 0.8), Trials = 1, Precision = NumberForm.Float },
        "latency budget in any numbers" => new() { Budget = new(KeepLatency: 0.8), Trials = 1 },
        "operations budget" => new() { Budget = new(KeepMacs: 0.8), Trials = 2 },
        _ => new() { Goal = new(0.4, null) { IsUnseen = true } },
    };

    private static CompressionResult Compress(UnsteadyRuntime runtime, CompressionOptions options)
    {
        var model = Model;
        return new Compressor(new CpuBackend(1), runtime).Compress(
            model,
            new CompressionData(ModelRunner.Samples(model, count: 64), ModelRunner.Samples(model, count: 32, seed: 8), ModelRunner.Samples(model, count: 32, seed: 9)),
            options with { Threads = 1, TimedBatch = 32, Methods = [CompressionMethod.Interpolative] },
            null,
            TestContext.Current.CancellationToken);
    }

    // With 32 samples in a run the runtime is faster where less is left.
    private static OnnxModel Model { get; } = new TestModel(opset: 13) is var test
        ? test.Output(test.Gemm("last", test.Relu("b", test.Gemm("second", test.Relu("a", test.Gemm("first", test.Input("x", "N", 64), 64, 128)), 128, 128)), 128, 10), "N", 10).Build()
        : null!;
}
