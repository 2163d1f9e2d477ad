using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests;

/// <summary>Single layers keep more bits where time is what is limited or made small.</summary>
public sealed class WiderFormsTests
{
    private const double FloatMs = 0.8, ByteMs = 0.2;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly string[] Layers = ["first", "second", "third", "last"];

    [Fact]
    public void Time_that_a_budget_leaves_goes_to_layers_in_floating_point()
    {
        // Of four layers all in bytes take a quarter of the time; there is time for two in floating point, and not for three.
        var (narrow, wider) = Widened(new CompressionOptions { Budget = new(KeepLatency: 0.7) }, (forms, narrow) => forms.WithinBudget(narrow, Token));

        Assert.Equal(2, wider!.Run.Wider);
        Assert.True(wider.Score!.Error < narrow.Score!.Error);
        Assert.All(wider.Run.Made.Plan.Wider, w => Assert.Equal(NumberForm.Float, w.Value));
        Assert.Equal(wider.Run.Made.Plan.Wider.Keys.Order(), wider.Run.Made.Precision.Where(l => l.Form == "float").Select(l => l.Layer).Order());
    }

    [Theory]
    [InlineData(0.6, true)]
    [InlineData(0.3, false)]
    public void Where_bytes_keep_too_little_few_layers_keep_more_unless_others_are_as_fast(double smallest, bool isFound)
    {
        var options = new CompressionOptions { Goal = new(null, 1) { Objective = CompressionObjective.Latency }, Decisions = [new(DecisionKind.None)] };

        var (narrow, wider) = Widened(options, (forms, narrow) => forms.ToGoal(narrow, smallest, Token));

        // With one layer in floating point it takes .44 of the time.
        Assert.Equal(isFound ? 1 : null, wider?.Run.Wider);
        Assert.True(wider?.Score!.Error < narrow.Score!.Error || !isFound);
    }

    [Fact]
    public void More_removed_than_8_bits_stand_is_kept_with_layers_that_multiply_in_floating_point()
    {
        var options = new CompressionOptions { Goal = new(null, 1) { Objective = CompressionObjective.Bytes }, Decisions = [new(DecisionKind.None)], Methods = [CompressionMethod.Interpolative] };
        var model = Convolutions().Build();
        using var runs = Runs(model, options, out var judge);
        var pipeline = runs.Behind(NumberForm.Float, Token);
        var plan = pipeline.Planner.Plan(new Budget(KeepBytes: 0.8), pipeline.Planner.Rules[0], Token);
        FormCandidate Judged(FormRun run, double most) => judge.Score(run.Made.Model, Token) is var score && score.Error > most ? new(run, score, null, "too little") : new(run, score, null, null);
        var narrow = Judged(runs.Of(NumberForm.Int8, plan, Token), 0);
        // Between what the plan loses in floating point and in bytes.
        var plain = judge.Score(pipeline.Executor.Execute(plan, null, Token).Model, Token).Error;
        var most = (0.1 * plain) + (0.9 * narrow.Score!.Error);

        var wider = new WiderForms(options, runs, run => Judged(run, most), countsTime: false).ToGoal(narrow, smallest: 1, Token);

        Assert.NotEmpty(plan.Sites);
        Assert.True(plain < narrow.Score.Error);
        Assert.Null(wider!.Refused);
        Assert.InRange(wider.Run.Wider, 1, Layers.Length);
        Assert.Equal(plan.Sites, wider.Run.Made.Plan.Sites);
        Assert.Equal(wider.Run.Made.Plan.Wider.Keys.Order(), wider.Run.Made.Precision.Where(l => l.Form == "int8-weights").Select(l => l.Layer).Order());
    }

    private static FormRuns Runs(OnnxModel model, CompressionOptions options, out IPlanJudge judge)
    {
        var data = new CompressionData(ModelRunner.Samples(model, count: 48), ModelRunner.Samples(model, count: 32, seed: 8));
        options = options with { Threads = 1, Precision = NumberForm.Auto };
        judge = StageOptions.Judge(ModelRunner.Runtime, model, data, options)!;
        return new FormRuns(PipelineTools.Of(ModelRunner.Runtime, new CpuBackend(1), null, options), model, data, options);
    }

    private static (FormCandidate Narrow, FormCandidate? Wider) Widened(CompressionOptions options, Func<WiderForms, FormCandidate, FormCandidate?> widen)
    {
        var model = Convolutions().Build();
        var data = new CompressionData(ModelRunner.Samples(model, count: 48), ModelRunner.Samples(model, count: 32, seed: 8));
        options = options with { Threads = 1, Precision = NumberForm.Auto };
        var runtime = new PacedRuntime(TimeOf);
        using var runs = new FormRuns(PipelineTools.Of(runtime, new CpuBackend(1), null, options), model, data, options);
        var judge = StageOptions.Judge(runtime, model, data, options)!;
        var most = double.PositiveInfinity;
        FormCandidate See(FormRun run)
        {
            var score = judge.Score(run.Made.Model, Token);
            return new(run, score, TimeOf(run.Made.Model) / TimeOf(model), score.Error > most ? "too little" : null);
        }

        var narrow = See(runs.Alone(NumberForm.Int8, Token));
        if (options.Goal is not null)
        {
            // A little less than bytes alone lose.
            most = 0.99 * narrow.Score!.Error;
            narrow = narrow with { Refused = "too little" };
        }

        return (narrow, widen(new WiderForms(options, runs, See, countsTime: true), narrow));
    }

    private static TimeSpan TimeOf(OnnxModel model) => TimeSpan.FromMilliseconds(model.Graph.Nodes.Where(n => n.OpType == "Conv")
        .Sum(n => model.Graph.Producer(n.Inputs[1]) is { OpType: "DequantizeLinear" } ? ByteMs : FloatMs));

    private static TestModel Convolutions()
    {
        var test = new TestModel(opset: 13);
        var current = test.Input("x", "N", 8, 6, 6);
        foreach (var layer in Layers[..^1])
        {
            current = test.Relu($"{layer}.relu", test.Conv(layer, current, 8, 8, 3, pad: 1));
        }

        return test.Output(test.Node("GlobalAveragePool", "pool", [test.Conv(Layers[^1], current, 8, 6)]), "N", 6, 1, 1);
    }
}
