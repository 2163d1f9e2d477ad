using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

/// <summary>What an Add puts beside a layer is counted in where its rows are those of the layer, and only there.</summary>
public sealed class BranchesBesideTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_branch_that_an_Add_spreads_out_is_not_taken_for_rows_of_the_layer(bool isSmallFirst)
    {
        var model = Sum(isSmallFirst, isSpread: true);

        Assert.All(Seen(model), site => Assert.Null(site.Beside));
        var made = new ModelQuantizer(ModelRunner.Runtime, Workbench.Backend, ModelRunner.Samples(model), hasData: true, Options).Quantize(model, Token);
        Assert.All(made.Layers, layer => Assert.Equal("int8", layer.Form));
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, 0.05);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_branch_of_the_same_shape_is_found_for_the_layer_that_comes_last(bool isSmallFirst)
    {
        var site = Assert.Single(Seen(Sum(isSmallFirst, isSpread: false)), s => s.Beside is not null);

        Assert.Equal(isSmallFirst ? ("wide", "narrow") : ("narrow", "wide"), (site.Name, site.Beside));
    }

    private static QuantizerOptions Options => new(new ReconstructionOptions(1, 16, 0, 1 << 26), new WeightGrid(WeightGrid.Reduced));

    private static FitSite[] Seen(OnnxModel model)
    {
        var shapes = ShapeObserver.Observe(
            ModelRunner.Runtime, model, ModelRunner.Samples(model).Read(SampleBatches.Of(1, model.Inputs, preferred: 1).First().Indices), Token);
        var made = model.Clone();
        var places = PlaceFinder.Find(made, shapes, Options, KnownRanges.FromSamples);
        new BytePairs(made.Graph).Add(places, places.Observed.ToDictionary(t => t, _ => new ByteScale(1, 0), StringComparer.Ordinal));
        var relations = DependencyAnalyzer.Analyze(model, shapes).Relations;
        var sites = new FitSites(model.Graph, made.Graph, new Shrinkage(model.Graph, relations, null)).Find();
        var branches = new BranchesBeside(made.Graph, shapes, sites);
        return [.. sites.Select((_, i) => branches.See(i))];
    }

    /// <summary>Two branches of which one may hold one value for each channel; that which is to be rounded last is the longer one.</summary>
    private static OnnxModel Sum(bool isSmallFirst, bool isSpread)
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 6, 8, 8);
        test.Relu("relu", test.Conv("first", "x", 6, 6));
        string Deep(string name, string input, bool isDeep)
        {
            for (var i = 0; isDeep && i < 4; i++)
            {
                input = test.Relu($"{name}.relu{i}", test.Conv($"{name}.conv{i}", input, 6, 6));
            }

            return input;
        }

        void Wide() => test.Conv("wide", Deep("to.wide", "relu", isSmallFirst), 6, 6, 3, pad: 1);
        void Narrow()
        {
            var input = isSpread ? test.Node("GlobalAveragePool", "mean", ["relu"]) : "relu";
            test.Conv("narrow", Deep("to.narrow", input, !isSmallFirst), 6, 6);
        }

        Action[] order = isSmallFirst ? [Narrow, Wide] : [Wide, Narrow];
        Array.ForEach(order, add => add());
        test.Conv("last", test.Relu("behind", test.Node("Add", "sum", ["wide", "narrow"])), 6, 4);
        return test.Output(test.Relu("end", "last"), "N", 4, 8, 8).Build();
    }
}
