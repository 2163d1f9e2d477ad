using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>
/// Finds what has become of the weights of a file in the simplified model: folded into another constant, or into the
/// layer in front.
/// </summary>
/// <param name="original">The graph of the file.</param>
/// <param name="simplified">The simplified one.</param>
internal sealed class WeightTrace(ModelGraph original, ModelGraph simplified)
{
    /// <summary>What is looked at for one weight; beyond it the weight counts as gone.</summary>
    private const int MostLookedAt = 1000;

    /// <summary>Operators that hand a weight on in another form.</summary>
    private static readonly HashSet<string> Passing = ["Cast", "Transpose", "Reshape", "Identity", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Concat"];

    /// <summary>The constant of the simplified model that a weight is, or is part of; null when it is part of none.</summary>
    public string? Find(string weight)
    {
        var waiting = new Queue<string>([weight]);
        var seen = new HashSet<string>(StringComparer.Ordinal) { weight };
        while (seen.Count < MostLookedAt && waiting.TryDequeue(out var name))
        {
            if (simplified.Constant(name) is not null && simplified.Uses(name).Count > 0)
            {
                return name;
            }

            foreach (var next in original.Uses(name).Where(u => u.Index != TensorUse.Captured).Select(Next).Where(n => n.Length > 0 && seen.Add(n)))
            {
                waiting.Enqueue(next);
            }
        }

        return null;
    }

    /// <summary>Who really reads a constant of the simplified model, behind what only hands it on.</summary>
    public TensorUse? Reader(string constant)
    {
        var name = constant;
        for (var step = 0; step < MostLookedAt; step++)
        {
            if (simplified.Uses(name) is not [var use, ..])
            {
                return null;
            }

            if (use.Index == TensorUse.Captured || !Passing.Contains(use.Node.OpType) || use.Node.Domain.Length > 0)
            {
                return use;
            }

            name = use.Node.Outputs[0];
        }

        return null;
    }

    /// <summary>A scale of a normalisation goes into the weight of the layer in front; all else into what is made from it.</summary>
    private string Next(TensorUse use) =>
        use is { Node.OpType: "BatchNormalization", Index: > 0 } && original.Producer(use.Node.Inputs[0]) is { Inputs.Count: > 1 } layer ? layer.Inputs[1] : use.Node.Outputs[0];
}
