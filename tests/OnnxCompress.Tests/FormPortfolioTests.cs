using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Search;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests;

/// <summary>The tool chooses the numbers: what is compared, and that the result is never worse than what each form gives alone.</summary>
public sealed class FormPortfolioTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Within_a_budget_of_bytes_the_form_that_keeps_most_is_taken()
    {
        var model = Products().Build();

        var result = Compress(model, new CompressionOptions { Budget = new(KeepBytes: 0.3), Precision = NumberForm.Auto });

        // What 4 bits alone reach needs nothing removed; what has more bits must lose something.
        Assert.Equal(
            [(NumberForm.Float, false), (NumberForm.Int8, false), (NumberForm.Int8, true), (NumberForm.Int4, true), (NumberForm.Float16, false), (NumberForm.Float16, true)],
            result.Considered.Where(c => c is { Wider: 0, Narrower: 0 }).Select(c => (c.Form, c.RemovesNothing)));
        // Layers in 4 bits and others in 8, with something removed: no form alone does that.
        Assert.Contains(result.Considered, c => c is { RemovesNothing: false, Refused: null } && c.Wider + c.Narrower > 0);
        var chosen = Assert.Single(result.Considered, c => c.Chosen);
        Assert.Equal((chosen.Form, chosen.Bytes), (result.Plan.Precision, result.Model.Bytes));
        // Random weights cannot lose a third without harm; 8 bits alone nearly meet it.
        Assert.Contains(chosen.Form, (NumberForm[])[NumberForm.Int8, NumberForm.Int4]);
        Assert.True(result.Compressed.Bytes <= 0.3 * result.Original.Bytes);
        Assert.All(result.Considered.Where(c => c.Refused is null), c => Assert.True(chosen.Error <= 1.05 * c.Error));
        Assert.Contains(result.Considered, c => c is { Form: NumberForm.Float16, RemovesNothing: true, Refused: not null });
    }

    [Fact]
    public void Nothing_removed_the_smallest_form_that_keeps_the_goal_is_taken()
    {
        var model = Products().Build();
        CompressionResult Within(double error) => Compress(
            model, new CompressionOptions { RemovesNothing = true, Precision = NumberForm.Auto, Goal = new(null, error), Decisions = [new(DecisionKind.None)] });

        var (strict, loose) = (Within(0.0005), Within(0.5));

        Assert.Equal((NumberForm.Float16, NumberForm.Int4), (strict.Plan.Precision, loose.Plan.Precision));
        Assert.True(loose.Model.Bytes < strict.Model.Bytes);
        // A model in 4 bits of which all layers keep 8 is one in 8 bits too.
        Assert.Equal(4, strict.Considered.Where(c => c is { Wider: 0, Narrower: 0 }).DistinctBy(c => c.Form).Count());
    }

    [Fact]
    public void What_a_budget_leaves_goes_to_the_layers_that_lose_most_and_the_plan_says_which()
    {
        var model = Products().Build();
        CompressionOptions options = new() { RemovesNothing = true, Precision = NumberForm.Auto, Budget = new(KeepBytes: 0.24) };

        var result = Compress(model, options);

        var wider = Assert.Single(result.Considered, c => c.Wider > 0);
        var narrow = Assert.Single(result.Considered, c => c is { Form: NumberForm.Int4, Wider: 0 });
        Assert.Null(wider.Refused);
        Assert.InRange(wider.Bytes, narrow.Bytes + 1, 0.24 * result.Original.Bytes);
        Assert.True(wider.Error < narrow.Error);
        Assert.True(wider.Chosen);
        Assert.Equal(wider.Wider, result.Plan.Wider.Count);
        Assert.All(result.Plan.Wider.Keys, name => Assert.Contains(result.Precision, l => l.Layer == name && l.Form == "int8-blocks"));
        // A reviewed plan gives the same bytes.
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        try
        {
            result.Plan.Save(path);
            Assert.Equal(result.Model.ContentHash(), Compress(model, new CompressionOptions { Plan = CompressionPlan.Load(path) }).Model.ContentHash());
        }
        finally
        {
            File.Delete(path);
        }

        var unknown = result.Plan with { Wider = new Dictionary<string, NumberForm>(StringComparer.Ordinal) { ["nowhere"] = NumberForm.Float } };
        Assert.Equal(DiagnosticCodes.PlanMismatch, Assert.Throws<OnnxCompressException>(() => Compress(model, new CompressionOptions { Plan = unknown })).Diagnostic.Code);
    }

    [Fact]
    public void Where_few_bits_keep_too_little_some_layers_keep_more()
    {
        var model = Products().Build();
        CompressionResult Within(double error) => Compress(
            model, new CompressionOptions { RemovesNothing = true, Precision = NumberForm.Auto, Goal = new(null, error) { Objective = CompressionObjective.Bytes }, Decisions = [new(DecisionKind.None)] });
        var alone = Within(0.5).Considered;
        double ErrorOf(NumberForm form) => alone.Single(c => c.Form == form && c.Wider == 0).Error!.Value;

        var result = Within((0.7 * ErrorOf(NumberForm.Int4)) + (0.3 * ErrorOf(NumberForm.Int8)));

        Assert.NotNull(result.Considered.Single(c => c is { Form: NumberForm.Int4, Wider: 0 }).Refused);
        Assert.Contains(result.Considered, c => c is { Form: NumberForm.Int4, Wider: > 0 } or { Form: NumberForm.Int8, Narrower: > 0 });
        Assert.True(result.Model.Bytes <= alone.Single(c => c.Form == NumberForm.Int8).Bytes);
        Assert.NotEmpty(result.Plan.Wider);
    }

    [Fact]
    public void A_budget_of_parameters_leaves_numbers_alone()
    {
        var model = Products().Build();
        CompressionResult In(NumberForm form) => Compress(model, new CompressionOptions { Budget = new(KeepParameters: 0.7), Precision = form });

        var result = In(NumberForm.Auto);

        Assert.Equal(NumberForm.Float, result.Plan.Precision);
        Assert.Equal(In(NumberForm.Float).Model.ContentHash(), result.Model.ContentHash());
    }

    [Theory]
    [InlineData(RunTarget.Gpu, new[] { NumberForm.Float, NumberForm.Float16 })]
    [InlineData(RunTarget.Any, new[] { NumberForm.Float, NumberForm.Float16, NumberForm.Int8 })]
    public void A_target_limits_what_is_tried(RunTarget target, NumberForm[] forms) =>
        Assert.Equal(forms, FormPortfolio.Forms(new CompressionOptions { Target = target, Budget = new(KeepBytes: 0.5) }));

    [Theory]
    [InlineData(null, null, CompressionObjective.Latency, true)]
    [InlineData(null, null, CompressionObjective.Bytes, true)]
    [InlineData(null, null, CompressionObjective.Macs, false)]
    [InlineData(0.5, null, CompressionObjective.Latency, true)]
    [InlineData(null, 0.5, CompressionObjective.Latency, false)]
    [InlineData(0.5, 0.5, CompressionObjective.Latency, true)]
    public void Where_bytes_or_time_are_made_small_the_choice_is_left_to_the_tool(double? bytes, double? parameters, CompressionObjective objective, bool isLeft)
    {
        var options = new CompressionOptions { Budget = new(KeepBytes: bytes, KeepParameters: parameters), Goal = new(0.99, null) { Objective = objective } };
        var samples = ModelRunner.Samples(Products().Build(), count: 4);

        Assert.Equal(isLeft, FormChoice.IsLeft(options, new CompressionData(samples, samples)));
        Assert.False(FormChoice.IsLeft(options, new CompressionData(samples)));
        Assert.False(FormChoice.IsLeft(options with { Precision = NumberForm.Float }, new CompressionData(samples, samples)));
        Assert.False(FormChoice.IsLeft(options with { IsDataFree = true }, new CompressionData(samples, samples)));
        Assert.False(FormChoice.IsLeft(options with { RemovesNothing = true }, new CompressionData(samples, samples)));
        Assert.False(FormChoice.IsLeft(options with { Plan = new("", []) }, new CompressionData(samples, samples)));
    }

    [Fact]
    public void The_smallest_that_keeps_a_goal_is_never_larger_than_what_a_form_alone_or_removing_alone_gives()
    {
        var model = Products().Build();
        CompressionResult In(NumberForm? form, bool alone) => Compress(model, new CompressionOptions
        {
            Precision = form, RemovesNothing = alone, Goal = new(null, 0.1) { Objective = CompressionObjective.Bytes }, Decisions = [new(DecisionKind.None)],
        });

        var result = In(null, false);

        Assert.True(result.Model.Bytes <= In(NumberForm.Int8, true).Model.Bytes);
        Assert.True(result.Model.Bytes <= In(NumberForm.Float, false).Model.Bytes);
        Assert.All(result.Considered.Where(c => c.Refused is null), c => Assert.True(result.Model.Bytes <= c.Bytes));
        Assert.True(result.Considered.Single(c => c.Chosen).Error <= 0.1);
    }

    [Theory]
    [InlineData(CompressionObjective.Bytes)]
    [InlineData(CompressionObjective.Latency)]
    public void A_form_that_writes_the_file_of_another_is_listed_and_not_made(CompressionObjective objective)
    {
        var test = new TestModel(opset: 13);
        var first = test.Relu("relu", test.Conv("first", test.Input("x", "N", 4, 6, 6), 4, 8, 3, pad: 1));
        var model = test.Output(test.Conv("last", first, 8, 6, 3, pad: 1), "N", 6, 6, 6).Build();

        var result = Compress(model, new CompressionOptions { Goal = new(null, 0.2) { Objective = objective }, Decisions = [new(DecisionKind.None)] });

        // Convolutions have 8 bits in either.
        var refused = Assert.Single(result.Considered, c => c.Form == NumberForm.Int4);
        Assert.Equal((true, "It writes about the same file as int8."), (refused.RemovesNothing, refused.Refused));
        Assert.Contains(result.Considered, c => c is { Form: NumberForm.Int8, RemovesNothing: true, Bytes: > 0 });
    }

    [Fact]
    public void The_same_bytes_come_of_any_number_of_threads()
    {
        var model = Products().Build();
        string? With(int threads) => Compress(model, new CompressionOptions { Budget = new(KeepBytes: 0.3), Precision = NumberForm.Auto, Threads = threads }).Model.ContentHash();

        Assert.Equal(With(1), With(2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Numbers_that_cannot_be_solved_with_in_one_form_end_that_form_alone(bool inParallel)
    {
        var failure = new NumericException(NumericFailure.NotPositiveDefinite, "The Gram is not positive definite.");
        var runtime = new PickyRuntime(m => m.Graph.Nodes.Any(n => n.OpType == "MatMulNBits"), () => inParallel ? new AggregateException(failure) : failure);

        var result = Compress(Products().Build(), new CompressionOptions { Budget = new(KeepBytes: 0.3), Precision = NumberForm.Auto }, runtime);

        Assert.NotEqual(NumberForm.Int4, result.Plan.Precision);
        var ended = result.Considered.Where(c => c.Form == NumberForm.Int4).ToArray();
        Assert.NotEmpty(ended);
        Assert.All(ended, c => Assert.Contains("not positive definite", c.Refused, StringComparison.Ordinal));
        Assert.Contains(result.Considered, c => c is { Form: NumberForm.Int8, Refused: null });
    }

    [Fact]
    public void A_layer_that_8_bits_ruin_multiplies_in_floating_point_where_they_keep_too_little()
    {
        // One input is a thousand times as large as the others: the step that holds it leaves nothing of those.
        var test = new TestModel(opset: 13);
        float[] scales = [1000, .. Enumerable.Repeat(1f, 31)];
        var current = test.Relu("ruined.relu", test.Gemm("ruined", test.Node("Mul", "scaled", [test.Node("Add", "moved", [test.Input("x", "N", 32), test.Weight("shift", 32)]), test.Floats("scales", [32], scales)]), 32, 64));
        var model = test.Output(test.Gemm("last", test.Relu("middle.relu", test.Gemm("middle", current, 64, 64)), 64, 10), "N", 10).Build();
        var weight = model.Graph.Constant("ruined.w")!;
        weight.Write([.. weight.Dims], [.. weight.ReadFloats().Select((v, i) => i % 32 == 0 ? v / 1000 : v)]);
        CompressionOptions Within(double error) => new() { RemovesNothing = true, Precision = NumberForm.Int8, Goal = new(null, error), Decisions = [new(DecisionKind.None)] };

        var (held, plain) = (Compress(model, Within(0.1)), Compress(model, Within(1)));

        Assert.Equal(["ruined"], held.Plan.Wider.Keys);
        Assert.Equal([("ruined", "int8-weights")], held.Precision.Where(l => l.Reason is not null).Select(l => (l.Layer, l.Form)));
        Assert.Empty(plain.Plan.Wider);
        var (narrow, wider) = (held.Considered.Single(c => c.Wider == 0), held.Considered.Single(c => c.Wider == 1));
        Assert.True(wider.Chosen && wider.Error < 0.3 * narrow.Error && wider.Bytes < 1.1 * narrow.Bytes);
        Assert.NotNull(narrow.Refused);
    }

    private static CompressionResult Compress(OnnxModel model, CompressionOptions options, IModelRuntime? runtime = null) => new Compressor(new CpuBackend(Math.Max(1, options.Threads)), runtime ?? ModelRunner.Runtime).Compress(
        model,
        new CompressionData(ModelRunner.Samples(model, count: 96), ModelRunner.Samples(model, count: 64, seed: 8), ModelRunner.Samples(model, count: 64, seed: 9)),
        options with { Threads = Math.Max(1, options.Threads) },
        null,
        Token);

    private static TestModel Products()
    {
        var test = new TestModel(opset: 13);
        var current = test.Input("x", "N", 32);
        foreach (var layer in (string[])["first", "second", "third"])
        {
            current = test.Relu($"{layer}.relu", test.Gemm(layer, current, layer == "first" ? 32 : 96, 96));
        }

        return test.Output(test.Gemm("last", current, 96, 10), "N", 10);
    }
}
