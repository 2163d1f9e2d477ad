using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Simplification;

/// <summary>
/// Passes before the analysis that change what the graph looks like and not what it computes, so that weights are
/// constants, BatchNorm scales are part of the weights, and fewer operators stand in the way.
/// </summary>
internal static class Simplifier
{
    /// <summary>Folded weights differ from the original by float rounding; more than this is a defect.</summary>
    private const double LargestRelativeDifference = 1e-3;

    /// <summary>A model whose layers in whole numbers are read as those that they stand for: it does not answer quite alike, and is to be written back in whole numbers.</summary>
    /// <param name="model">The model; not changed.</param>
    public static OnnxModel Dequantised(OnnxModel model) => Dequantisation.Of(model);

    /// <summary>A simplified copy of the model; the model itself where a check finds that the copy answers differently.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="runtime">Evaluates constants and runs the check.</param>
    /// <param name="sample">One sample of the model's inputs.</param>
    /// <param name="cancellation">Stops the runs.</param>
    public static OnnxModel Simplify(OnnxModel model, IModelRuntime runtime, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        var simplified = model.Clone();
        var edits = simplified.InlineFunctions();
        simplified.Widen();
        edits += simplified.Widened.Count + ConstantForms.Apply(simplified.Graph);
        edits += ConstantFolding.Apply(simplified, runtime, sample, cancellation);
        if (PlainProducts.IsNeeded(simplified.Graph) || PlainAttention.IsNeeded(simplified.Graph))
        {
            var shapes = ShapeObserver.Observe(runtime, simplified, sample, cancellation);
            edits += PlainProducts.Apply(simplified.Graph, shapes) + PlainAttention.Apply(simplified.Graph, shapes);
        }

        if (SpatialMeans.IsNeeded(simplified.Graph))
        {
            edits += SpatialMeans.Apply(simplified.Graph, ShapeObserver.Observe(runtime, simplified, sample, cancellation));
        }

        edits += IdentityRemoval.Apply(simplified.Graph);
        edits += TransposeRemoval.Apply(simplified.Graph);
        edits += BatchNormFolding.Apply(simplified.Graph);
        if (edits == 0)
        {
            return simplified;
        }

        simplified.Graph.RemoveUnusedInitializers();
        return AnswersAlike(model, simplified, runtime, sample, cancellation) ? simplified : model.Clone();
    }

    /// <summary>Whether two models give the same on a sample, up to rounding.</summary>
    public static bool AnswersAlike(
        OnnxModel model, OnnxModel simplified, IModelRuntime runtime, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        using var before = runtime.Open(model, SessionSettings.AsItStands);
        using var after = runtime.Open(simplified, SessionSettings.AsItStands);
        string[] floats = [.. before.Outputs.Where(o => o.Type == ElementType.Float).Select(o => o.Name)];
        if (floats.Length == 0)
        {
            return true;
        }

        using var expected = before.Run(sample, floats, cancellation);
        using var actual = after.Run(sample, floats, cancellation);
        for (var i = 0; i < floats.Length; i++)
        {
            double difference = 0, energy = 0;
            var (left, right) = (expected.Values<float>(i).ToArray(), actual.Values<float>(i).ToArray());
            if (left.Length != right.Length)
            {
                return false;
            }

            for (var k = 0; k < left.Length; k++)
            {
                difference += ((double)left[k] - right[k]) * ((double)left[k] - right[k]);
                energy += (double)left[k] * left[k];
            }

            // NaN compares false: a model that gives NaN on this sample says nothing and is not held against the copy.
            if (difference > LargestRelativeDifference * LargestRelativeDifference * energy)
            {
                return false;
            }
        }

        return true;
    }
}
