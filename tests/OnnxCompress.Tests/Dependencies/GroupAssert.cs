using OnnxCompress.Dependencies;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>Claims about an analysis.</summary>
internal static class GroupAssert
{
    /// <summary>Analyzes a model with its last node as the output.</summary>
    public static Workbench Analyze(this TestModel builder, string output) => new(builder.Output(output).Build());

    /// <summary>There is one group with exactly these producers and consumers.</summary>
    public static ChannelGroup Group(Workbench bench, int channels, string[] producers, string[] consumers)
    {
        var found = bench.Analysis.Groups.Where(g => g.Producers.SequenceEqual(producers) && g.Consumers.SequenceEqual(consumers)).ToArray();
        Assert.True(found.Length == 1, $"No group [{string.Join(' ', producers)}] -> [{string.Join(' ', consumers)}] in:\n{Text(bench)}");
        Assert.Equal(channels, found[0].Channels);
        return found[0];
    }

    /// <summary>The outputs of a layer stay, for this reason and no other.</summary>
    public static Refusal Refused(Workbench bench, string layer, string code)
    {
        var found = bench.Analysis.Refusals.Where(r => r.Reason.Contains($"'{layer}'", StringComparison.Ordinal) && r.Code == code).ToArray();
        Assert.True(found.Length >= 1, $"'{layer}' is not refused with {code} in:\n{Text(bench)}");
        Assert.DoesNotContain(bench.Analysis.Groups, g => g.Producers.Contains(layer));
        return found[0];
    }

    /// <summary>Groups and refusals as people read them.</summary>
    public static string Text(Workbench bench) => string.Join('\n', bench.Analysis.Groups.Select(g => g.Describe())
        .Concat(bench.Analysis.Refusals.Select(r => $"{r.Code} {r.Node} ({r.Parameters}): {r.Reason}")));
}
