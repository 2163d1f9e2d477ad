using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Reconstruction;

/// <summary>Moments with targets behind an activation: of rows that are held, and of more rows than can be.</summary>
public sealed class FitAccumulatorTests
{
    private const int Inputs = 24, Outputs = 8;

    // More than a buffer of rows whose number is not known takes.
    private const int Rows = 16_000, Parts = 5;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Held_rows_and_rows_read_twice_give_the_moments_of_changed_targets()
    {
        var site = Site();
        var active = Active();
        var held = new FitAccumulator(site, null, hasDrift: true, (new FitBuffer(), new FitBuffer()), (Rows * (Parts - 1), Rows), new CpuBackend(2));
        Add(held, site);
        Assert.True(held.Retarget(active, Token));

        var streamed = new FitAccumulator(site, null, hasDrift: true, (new FitBuffer(), new FitBuffer()), null, new CpuBackend(2));
        Assert.True(streamed.Capacity < Rows * (Parts - 1));
        Add(streamed, site);
        Assert.False(streamed.Retarget(active, Token));
        Add(streamed, site);

        var expected = Expected(site, active);
        foreach (var (fold, from, to) in new[] { (0, 0, Parts - 1), (1, Parts - 1, Parts) })
        {
            var gram = new Matrix<double>(Inputs + (2 * Outputs), Inputs + (2 * Outputs));
            for (var part = from; part < to; part++)
            {
                new CpuBackend(1).AddGram(expected[part], gram);
            }

            foreach (var accumulator in new[] { held, streamed })
            {
                var moments = fold == 0 ? accumulator.Moments[0].Fit : accumulator.Moments[0].Check;
                var (alone, summed) = (moments.Target(null, withDrift: false), moments.Target(null, withDrift: true));
                Assert.Equal(Rows * (to - from), moments.Rows);
                var scale = 1e-5 * gram.Values.ToArray().Max(Math.Abs);
                foreach (var i in Enumerable.Range(0, Inputs))
                {
                    Assert.All(Enumerable.Range(0, Inputs), j => Assert.Equal(gram[i, j], alone.Normal[i, j], scale));
                    Assert.All(Enumerable.Range(0, Outputs), o => Assert.Equal(gram[Inputs + o, i], alone.Cross[o, i], scale));
                    Assert.All(Enumerable.Range(0, Outputs), o => Assert.Equal(gram[Inputs + o, i] + gram[Inputs + Outputs + o, i], summed.Cross[o, i], scale));
                }

                double Trace(int a, int b) => Enumerable.Range(Inputs, Outputs).Sum(o => gram[a + o, b + o]);
                Assert.Equal(Trace(0, 0), alone.Energy, scale * Outputs);
                Assert.Equal(Trace(0, 0) + (2 * Trace(0, Outputs)) + Trace(Outputs, Outputs), summed.Energy, 4 * scale * Outputs);
                Assert.Equal(expected[from..to].Sum(p => Enumerable.Range(0, Rows).Sum(r => (double)p[r, Inputs])), moments.Rows * alone.TargetMeans[0], 1e-2);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Targets_beyond_a_limit_become_what_the_layer_makes_there(bool hasDrift)
    {
        // A whole vector, and some that are none.
        const int Outputs = 19, Count = 7;
        var (random, range) = (new Random(5), new ActivationRange(-0.2f, 0.3f));
        float Next() => random.NextSingle() - 0.5f;
        var weights = new Matrix<float>(Outputs, Inputs, [.. Enumerable.Range(0, Outputs * Inputs).Select(_ => Next())]);
        var (bias, added) = ((double[])[.. Enumerable.Range(0, Outputs).Select(_ => (double)Next())], (float[])[.. Enumerable.Range(0, Outputs).Select(_ => Next())]);
        var rows = new Matrix<float>(Count, Inputs + (Outputs * (hasDrift ? 3 : 1)));
        for (var i = 0; i < rows.Values.Length; i++)
        {
            rows.Values[i] = Next();
        }

        var before = rows.Clone();
        new ActiveTargets(range, [weights], bias, added, new CpuBackend(1)).Apply(0, rows);

        for (var r = 0; r < Count; r++)
        {
            for (var o = 0; o < Outputs; o++)
            {
                float Of(int part) => hasDrift ? before[r, Inputs + (part * Outputs) + o] : 0;
                var made = bias[o] + Enumerable.Range(0, Inputs).Sum(i => (double)weights[o, i] * before[r, i]);
                var (target, value) = (before[r, Inputs + o] + added[o] + Of(2), (float)made + added[o] + Of(2) - Of(1));
                Assert.Equal(range.Aim(target, value) - added[o] - Of(2), rows[r, Inputs + o], 1e-5f);
            }
        }
    }

    private static void Add(FitAccumulator accumulator, FitSite site)
    {
        for (var part = 0; part < Parts; part++)
        {
            var made = Part(part);
            accumulator.Add(part == Parts - 1, [Rows], _ => made, Token);
        }

        accumulator.Complete();
        Assert.Equal(Inputs, site.Layout.Columns);
    }

    /// <summary>Rows <c>[x, y, d]</c> with changed targets.</summary>
    private static Matrix<float>[] Expected(FitSite site, ActiveTargets active) => [.. Enumerable.Range(0, Parts).Select(p =>
    {
        var part = Part(p);
        var rows = new Matrix<float>(Rows, Inputs + (3 * Outputs));
        for (var r = 0; r < Rows; r++)
        {
            part.Input.AsSpan(r * Inputs, Inputs).CopyTo(rows.Row(r));
            part.Targets.AsSpan(r * Outputs, Outputs).CopyTo(rows.Row(r)[Inputs..]);
            part.Drift.AsSpan(r * Outputs, Outputs).CopyTo(rows.Row(r)[(Inputs + Outputs)..]);
            part.Beside.AsSpan(r * Outputs, Outputs).CopyTo(rows.Row(r)[(Inputs + (2 * Outputs))..]);
        }

        active.Apply(0, rows);
        var seen = new Matrix<float>(Rows, Inputs + (2 * Outputs));
        for (var r = 0; r < Rows; r++)
        {
            rows.Row(r)[..seen.Columns].CopyTo(seen.Row(r));
        }

        Assert.Equal(Outputs, site.Outputs);
        return seen;
    })];

    private static FitPart Part(int seed)
    {
        var random = new Random(seed);
        float[] Values(int columns) => [.. Enumerable.Range(0, Rows * columns).Select(_ => random.NextSingle() - 0.5f)];
        return new FitPart([.. Enumerable.Range(0, Rows)], [Rows, Outputs], Values(Inputs), [Rows, Inputs], Values(Outputs), Values(Outputs), Values(Outputs));
    }

    private static ActiveTargets Active()
    {
        var random = new Random(99);
        var weights = new Matrix<float>(Outputs, Inputs, [.. Enumerable.Range(0, Outputs * Inputs).Select(_ => random.NextSingle() - 0.5f)]);
        return new ActiveTargets(new ActivationRange(0, float.PositiveInfinity), [weights], new double[Outputs], null, new CpuBackend(1));
    }

    private static FitSite Site()
    {
        var builder = new TestModel();
        builder.Input("x", "N", Inputs);
        builder.Gemm("layer", "x", Inputs, Outputs);
        var bench = new Workbench(builder.Output("layer").Build());
        return Assert.Single(FitSites.Possible(bench.Model, bench.Analysis.Relations));
    }
}
