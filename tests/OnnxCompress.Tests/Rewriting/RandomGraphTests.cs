using System.Globalization;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Simplification;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>
/// The property that dependencies and rewriting stand on: on any graph, removing channels equals silencing them, that is,
/// setting the weights to zero with which linear layers read them.
/// </summary>
public sealed class RandomGraphTests
{
    /// <summary>Graphs in an ordinary run; <c>ONNXCOMPRESS_RANDOM_GRAPHS</c> asks for another number, for instance 20000.</summary>
    private const int Graphs = 500;

    /// <summary>Sums of at most a few hundred float products in another order, through up to two dozen layers (2e-6 was seen).</summary>
    private const double Rounding = 1e-5;

    [Fact]
    public void Removing_channels_equals_silencing_them()
    {
        var (first, count) = (Setting("ONNXCOMPRESS_RANDOM_GRAPHS_FIRST", 0), Setting("ONNXCOMPRESS_RANDOM_GRAPHS", Graphs));
        var failures = new List<string>();
        var removed = 0;

        for (var seed = first; seed < first + count && failures.Count < 10; seed++)
        {
            try
            {
                removed += Check(seed);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures.Add($"seed {seed}: {e.GetType().Name}: {e.Message}");
                if (count == 1)
                {
                    failures.Add(Describe(seed));
                }
            }
        }

        Assert.True(failures.Count == 0, $"ONNXCOMPRESS_RANDOM_GRAPHS_FIRST=<seed> ONNXCOMPRESS_RANDOM_GRAPHS=1 repeats one.\n{string.Join('\n', failures)}");
        Assert.True(count == 1 || removed > 3 * count, $"Only {removed} channels went from {count} graphs: they test too little.");
    }

    /// <returns>How many channels were removed.</returns>
    private static int Check(int seed)
    {
        var bench = Bench(seed);
        var model = bench.Model;
        var random = new Random(seed);
        var kept = bench.Analysis.Groups.Select(g => (g.Name, Kept: Choose(g, random))).ToArray();

        var sliced = bench.Slice(kept);

        Assert.Equal(model.Outputs.Select(o => o.ToString()), sliced.Outputs.Select(o => o.ToString()));
        ModelAssert.SameOutputs(bench.Silence(kept), sliced, Rounding, $"seed {seed}", bench.Samples);
        Assert.Equal(CountParameters(sliced), Predicted(bench, kept));
        CheckScores(bench, random, $"seed {seed}");
        return bench.Analysis.Groups.Zip(kept, (g, k) => g.Channels - k.Kept.Length).Sum();
    }

    /// <summary>Directions of queries or keys that others make go, and nothing changes.</summary>
    private static void CheckScores(Workbench plain, Random random, string what)
    {
        foreach (var (number, group) in plain.Analysis.Scores.Index())
        {
            var rank = 1 + random.Next(group.Channels - 1);
            var copied = new Workbench(ScoreCopies.Of(plain.Model, random.Next(2) == 0 ? group.Scores!.Queries : group.Scores!.Keys, group.Channels, rank), plain.Samples);
            var rewritten = copied.Rewrite(ScoreCopies.Plan(copied.Model, copied.Analysis.Scores[number], rank));

            Assert.True(CountParameters(rewritten) < CountParameters(copied.Model));
            ModelAssert.SameOutputs(copied.Model, rewritten, ModelAssert.Redundant, $"{what}, {group.Name}", plain.Samples);
        }
    }

    /// <summary>Every fourth graph as the pipeline would see it, the others as they stand.</summary>
    private static Workbench Bench(int seed)
    {
        var model = RandomGraphs.Create(seed);
        var samples = ModelRunner.Samples(model, count: 3, seed: seed);
        if (seed % 4 != 3)
        {
            return new Workbench(model, samples);
        }

        var simplified = Simplifier.Simplify(model, ModelRunner.Runtime, samples.Read([0]), TestContext.Current.CancellationToken);
        ModelAssert.SameOutputs(model, simplified, Rounding, $"seed {seed}, simplified", samples);
        return new Workbench(simplified, samples);
    }

    /// <summary>Any channels that may stay alone: those that must stay, at least one of every segment, others by chance.</summary>
    private static int[] Choose(ChannelGroup group, Random random)
    {
        var share = random.NextDouble();
        var kept = Enumerable.Range(0, group.Channels).Where(c => !group.IsFree[c] || random.NextDouble() < share).ToHashSet();
        foreach (var segment in group.Segments.Where(s => !s.Any(kept.Contains)))
        {
            kept.Add(segment[random.Next(segment.Length)]);
        }

        return [.. kept.Order()];
    }

    /// <summary>The graph, its groups and what was kept, for the person who looks into a failure.</summary>
    private static string Describe(int seed)
    {
        var bench = Bench(seed);
        var random = new Random(seed);
        var nodes = bench.Model.Graph.Nodes.Select(n =>
            $"{n.Name} = {n.OpType}({string.Join(", ", n.Inputs)}) [{string.Join(',', bench.Analysis.Relations.Shape(n.Outputs[0]) ?? [])}]");
        var groups = bench.Analysis.Groups.Select(g => $"{g.Describe()} Kept: {string.Join(' ', Choose(g, random))}.");
        return string.Join('\n', nodes.Concat(groups));
    }

    /// <summary>Nothing was learnt in tables of angles.</summary>
    private static long CountParameters(OnnxModel model) => model.Graph.Initializers.Values
        .Where(i => i.Type.IsFloatingPoint() && !i.Name.EndsWith(".cos", StringComparison.Ordinal) && !i.Name.EndsWith(".sin", StringComparison.Ordinal)).Sum(i => i.Count);

    private static long Predicted(Workbench bench, (string Name, int[] Kept)[] sites)
    {
        var removed = sites.SelectMany(s => bench.Group(s.Name).Atoms.Where((_, i) => !s.Kept.Contains(i))).ToHashSet();
        return bench.Analysis.Cost.Parameters(bench.Analysis.Cost.When(root => !removed.Contains(root)));
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
