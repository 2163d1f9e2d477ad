using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Search;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests;

/// <summary>What size costs in decisions, in numbers of several forms.</summary>
public sealed class FormFrontierTests
{
    private static readonly Budget[] Budgets = [new(KeepBytes: 0.8), new(KeepBytes: 0.6)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Each_form_is_shown_alone_and_with_something_removed()
    {
        var shown = Explore(new CompressionOptions { Precision = NumberForm.Auto });

        Assert.Empty(shown.LeftOut);
        Assert.Equal(
            [
                (NumberForm.Float, false), (NumberForm.Float, false), (NumberForm.Float16, true), (NumberForm.Int8, true), (NumberForm.Int8, false), (NumberForm.Int4, true), (NumberForm.Int4, false),
            ],
            shown.Models.Select(m => (m.Form, m.RemovesNothing)));
        foreach (var form in (NumberForm[])[NumberForm.Int8, NumberForm.Int4])
        {
            ExploredModel[] models = [.. shown.Models.Where(m => m.Form == form)];
            // Shares of bytes are those of what the form alone takes.
            Assert.InRange((double)models[1].Cost.Bytes / models[0].Cost.Bytes, 0.3, 0.601);
        }
    }

    [Fact]
    public void One_form_is_shown_where_one_is_named()
    {
        var shown = Explore(new CompressionOptions { Precision = NumberForm.Int8 });

        Assert.All(shown.Models, m => Assert.Equal((NumberForm.Int8, false), (m.Form, m.RemovesNothing)));
        Assert.Equal(2, shown.Models.Count);
    }

    [Fact]
    public void A_form_that_fails_is_left_out_with_the_reason_and_the_others_are_shown()
    {
        var runtime = new PickyRuntime(
            m => m.Graph.Nodes.Any(n => n.OpType == "MatMulNBits"), () => new NumericException(NumericFailure.NotPositiveDefinite, "The Gram is not positive definite."));

        var shown = Explore(new CompressionOptions { Precision = NumberForm.Auto }, runtime);

        var left = Assert.Single(shown.LeftOut);
        Assert.Equal(NumberForm.Int4, left.Form);
        Assert.Contains("not positive definite", left.Refused, StringComparison.Ordinal);
        Assert.Contains(shown.Models, m => m.Form == NumberForm.Int8);
        Assert.Equal(
            DiagnosticCodes.NumbersUnusable,
            Assert.Throws<OnnxCompressException>(() => Explore(new CompressionOptions { Precision = NumberForm.Int4 }, runtime)).Diagnostic.Code);
    }

    private static Exploration Explore(CompressionOptions options, IModelRuntime? runtime = null)
    {
        var model = Products();
        return new Compressor(new CpuBackend(1), runtime ?? ModelRunner.Runtime).ExploreForms(
            model, new CompressionData(ModelRunner.Samples(model, count: 48), null, ModelRunner.Samples(model, count: 32, seed: 9)), Budgets, options with { Threads = 1, Reconstruction = ReconstructionMode.Local }, null, Token);
    }

    private static OnnxModel Products()
    {
        var test = new TestModel(opset: 13);
        var first = test.Relu("relu", test.Gemm("first", test.Input("x", "N", 64), 64, 96));
        return test.Output(test.Gemm("last", test.Relu("relu2", test.Gemm("second", first, 96, 96)), 96, 10), "N", 10).Build();
    }
}
