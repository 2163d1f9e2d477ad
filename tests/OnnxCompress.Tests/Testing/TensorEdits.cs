using OnnxCompress.Models;

namespace OnnxCompress.Tests.Testing;

/// <summary>Edits of a model's weights that make its channels redundant in a known way.</summary>
internal static class TensorEdits
{
    /// <summary>Reads a constant.</summary>
    public static float[] Floats(this OnnxModel model, string name) => model.Graph.Constant(name)!.ReadFloats();

    /// <summary>Changes the values of a constant in place.</summary>
    public static void Edit(this OnnxModel model, string name, Action<float[]> edit)
    {
        var constant = model.Graph.Constant(name)!;
        var values = constant.ReadFloats();
        edit(values);
        constant.Write([.. constant.Dims], values);
    }

    /// <summary>Sets one index along an axis to a weighted sum of others: <c>slice[target] = sum of factor * slice[source]</c>.</summary>
    public static void Combine(this OnnxModel model, string name, int axis, int target, params (int Source, float Factor)[] sources)
    {
        var dims = model.Graph.Constant(name)!.Dims;
        var length = (int)dims[axis];
        var inner = (int)dims.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        model.Edit(name, values =>
        {
            for (var i = 0; i < values.Length; i++)
            {
                if (i / inner % length == target)
                {
                    values[i] = sources.Sum(s => s.Factor * values[i + ((s.Source - target) * inner)]);
                }
            }
        });
    }

    /// <summary>Makes output channel <paramref name="target"/> of a layer a copy of another: weight <c>layer.w</c>, bias <c>layer.b</c>.</summary>
    public static void Duplicate(this OnnxModel model, string layer, int target, int source, int outputAxis = 0)
    {
        model.Combine($"{layer}.w", outputAxis, target, (source, 1));
        if (model.Graph.Constant($"{layer}.b") is not null)
        {
            model.Combine($"{layer}.b", 0, target, (source, 1));
        }
    }
}
