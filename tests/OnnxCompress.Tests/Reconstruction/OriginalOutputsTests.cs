using OnnxCompress.Calibration;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Reconstruction;

/// <summary>The rows of the original that every plan is fitted to.</summary>
public sealed class OriginalOutputsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_pass_that_takes_statistics_gives_the_rows_of_a_pass_of_their_own()
    {
        var bench = new Workbench(LayerTests.Residual());
        using var apart = Open(bench);
        using var together = Open(bench);
        var sites = FitSites.Possible(bench.Model, bench.Analysis.Relations);
        apart.Take(sites, Token);
        _ = new Calibrator(ModelRunner.Runtime, 1, 16).Run(
            bench.Model, bench.Analysis.Relations.Shapes, bench.Analysis.Groups.SelectMany(g => g.ConsumerLayers).Select(ChannelTap.Of), bench.Samples, null,
            together.Observer(), Token);

        Assert.Equal(["a", "b", "c"], sites.Select(s => s.Output));
        Assert.Contains(sites, s => s.Beside == "ra");
        for (var b = 0; b < apart.Batches.Count; b++)
        {
            Assert.All(sites, site =>
            {
                Assert.Equal(apart.Of(site, b).Rows, together.Of(site, b).Rows);
                Assert.Equal(apart.Of(site, b).Dims, together.Of(site, b).Dims);
                Assert.Equal(apart.Targets(site, b), together.Targets(site, b));
                Assert.Equal(apart.Beside(site, b), together.Beside(site, b));
            });
        }
    }

    [Fact]
    public void Rows_hold_what_the_network_makes_at_their_positions()
    {
        var bench = new Workbench(LayerTests.Residual());
        using var outputs = Open(bench);
        var sites = FitSites.Possible(bench.Model, bench.Analysis.Relations);
        outputs.Take(sites, Token);
        var site = sites.First(s => s.Output == "b") with { KeptOutputs = [4, 1] };

        using var session = ModelRunner.Runtime.Open(bench.Model.Observing(["b", "ra"]), new SessionSettings(Threads: 1));
        using var run = session.Run(outputs.Batches.Read(0), ["b", "ra"], Token);
        var (targets, beside) = (outputs.Targets(site, 0), outputs.Beside(site, 0)!);
        foreach (var (r, row) in outputs.Of(site, 0).Rows.Index())
        {
            var (image, position) = (row / 64, row % 64);
            Assert.Equal(run.Values<float>(0)[(((image * 6) + 4) * 64) + position], targets[2 * r], 1e-5f);
            Assert.Equal(run.Values<float>(0)[(((image * 6) + 1) * 64) + position], targets[(2 * r) + 1], 1e-5f);
            Assert.Equal(run.Values<float>(1)[(((image * 6) + 1) * 64) + position], beside[(2 * r) + 1], 1e-5f);
        }
    }

    [Fact]
    public void Another_plan_needs_no_other_pass()
    {
        var bench = new Workbench(LayerTests.Residual());
        using var outputs = Open(bench);
        var sites = FitSites.Possible(bench.Model, bench.Analysis.Relations);
        outputs.Take([sites[0]], Token);
        var rows = outputs.Targets(sites[2], 0);
        outputs.Take(sites, Token);

        Assert.Same(rows, outputs.Targets(sites[2], 0));
    }

    [Fact]
    public void A_part_of_the_batches_has_the_rows_of_the_whole()
    {
        var bench = new Workbench(LayerTests.Residual());
        using var whole = Open(bench, batch: 4);
        using var part = whole.Part(3)!;
        var sites = FitSites.Possible(bench.Model, bench.Analysis.Relations);
        part.Take(sites, Token);

        int[] fit = [.. Enumerable.Range(0, whole.Batches.Count).Where(b => !whole.Batches.IsCheck(b))];
        int[] places = [.. fit.Where((_, i) => i % 3 == 0), .. Enumerable.Range(fit.Length, whole.Batches.Count - fit.Length).Where((_, i) => i % 3 == 0)];
        Assert.Equal(places.Length, part.Batches.Count);
        foreach (var (b, place) in places.Index())
        {
            Assert.Equal(whole.Batches.IsCheck(place), part.Batches.IsCheck(b));
            Assert.Equal(whole.Batches.Read(place)[0].Values, part.Batches.Read(b)[0].Values);
            Assert.All(sites, site =>
            {
                Assert.Same(whole.Of(site, place).Rows, part.Of(site, b).Rows);
                Assert.Same(whole.Targets(site, place), part.Targets(site, b));
                Assert.Equal(whole.Beside(site, place), part.Beside(site, b));
            });
        }

        // Of few batches none can be left out.
        Assert.Null(whole.Part(whole.Batches.Count));
    }

    private static OriginalOutputs Open(Workbench bench, int batch = 16) =>
        new(ModelRunner.Runtime, bench.Model, bench.Analysis.Relations, bench.Samples, new ReconstructionOptions(1, batch, 0, 1 << 30), Token);
}
