using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Models;
using OnnxCompress.Selection;

namespace OnnxCompress.Tests.Testing;

/// <summary>Queries and keys that have fewer directions than columns.</summary>
internal static class ScoreCopies
{
    /// <summary>The last columns of each head are combinations of the first.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="operand">Its queries or keys.</param>
    /// <param name="size">Columns of a head.</param>
    /// <param name="rank">Columns that stay as they are.</param>
    public static OnnxModel Of(OnnxModel model, ScoreOperand operand, int size, int rank)
    {
        var copies = model.Clone();
        var constants = operand.Biases.Select(b => (b.Constant, Axis: model.Graph.Constant(b.Constant)!.Dims.Count - 1, b.Places)).Append((operand.Layer.Weight, operand.Layer.OutputAxis, operand.Places));
        foreach (var (name, axis, places) in constants)
        {
            for (var i = 0; i < places.Length; i++)
            {
                if (i % size is var column && column >= rank)
                {
                    (int From, float Factor)[] from = [(places[i - column + (column % rank)], 1), (places[i - column + ((column + 1) % rank)], -0.5f)];
                    copies.Combine(name, axis, places[i], from);
                }
            }
        }

        return copies;
    }

    /// <summary>A plan by which so many directions of each head stay.</summary>
    public static CompressionPlan Plan(OnnxModel model, ChannelGroup group, int rank) => new(
        model.SourceSha256, [new ChannelPlan(group.Name, CompressionMethod.LowRank, [.. Enumerable.Range(0, rank)], group.Channels, 0, 0)]);
}
