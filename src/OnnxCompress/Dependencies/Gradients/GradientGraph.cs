using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Gradients;

/// <summary>
/// Adds to a copy of a model the nodes that compute derivatives of its outputs by inner tensors (reverse accumulation;
/// Griewank and Walther 2008, Evaluating Derivatives, section 3.2), so that the runtime finds them in one run. With a seed z of
/// random signs at the outputs y the gradient of <c>z^T y</c> is <c>J^T z</c>, and the mean of <c>(J^T z)(J^T z)^T</c> over many seeds
/// is <c>J^T J</c> (Hutchinson 1990): how much the outputs feel of each direction of a tensor.
/// </summary>
internal static class GradientGraph
{
    /// <summary>Axes of sums are an input since this opset.</summary>
    private const long LeastOpset = 13;

    /// <summary>Seeds that positions of an output take turns with, and numbers that all of them are at most.</summary>
    private const int MostSeeds = 61, MostSeedNumbers = 4 << 20;

    /// <summary>
    /// What is taken from seeds of their mean: where outputs are compared with each other, as scores of classes are, what moves all
    /// of them alike decides nothing. The rest is for outputs that are no scores.
    /// </summary>
    private const float Common = 0.7f;

    /// <summary>What the name of a tensor is followed by in that of the derivative by it.</summary>
    public const string Mark = "/gradient";

    /// <summary>The name of the tensor that holds the derivative by another.</summary>
    public static string NameOf(string tensor) => $"{tensor}{Mark}";

    /// <summary>The copy; null where no derivative is known.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Its shapes.</param>
    /// <param name="wanted">Tensors that derivatives are wanted by.</param>
    /// <param name="known">Those of them whose derivative is known: every way from there to an output leads through operators that have a rule.</param>
    public static OnnxModel? Of(OnnxModel model, TensorShapes shapes, IReadOnlyCollection<string> wanted, out IReadOnlyList<string> known)
    {
        known = [];
        if (model.Opset < LeastOpset)
        {
            return null;
        }

        var copy = model.Clone();
        var graph = copy.Graph;
        GraphNode[] nodes = [.. graph.Nodes];
        var builder = new GradientBuilder(graph, shapes, Reached(nodes, shapes, wanted));
        foreach (var output in graph.Outputs.Select(o => o.Name).Where(builder.IsNeeded).Where(o => shapes.Of(o) is { Length: > 0 } dims && !shapes.IsDynamic(o, dims.Length - 1)))
        {
            Seed(builder, output, shapes.Of(output)![^1]);
        }

        for (var i = nodes.Length - 1; i >= 0; i--)
        {
            Pass(builder, nodes[i]);
        }

        known = [.. wanted.Where(builder.IsKnown)];
        foreach (var tensor in known)
        {
            graph.AddNode("Identity", NameOf(tensor), [builder.Total(tensor)!], [NameOf(tensor)]);
        }

        graph.Index();
        return known.Count > 0 ? copy : null;
    }

    private static void Pass(GradientBuilder builder, GraphNode node)
    {
        if (Array.Exists([.. node.Outputs], builder.IsUnknown))
        {
            builder.Spoil(node);
        }
        else if (node.Outputs.Any(builder.HasGradient) && !GradientRules.Apply(node, builder))
        {
            builder.Spoil(node);
        }
    }

    /// <summary>Tensors that depend on those that are wanted.</summary>
    private static HashSet<string> Reached(GraphNode[] nodes, TensorShapes shapes, IEnumerable<string> wanted)
    {
        var reached = wanted.ToHashSet(StringComparer.Ordinal);
        foreach (var node in nodes.Where(n => n.Inputs.Concat(n.CapturedNames()).Any(reached.Contains)))
        {
            reached.UnionWith(node.Outputs.Where(o => shapes.TypeOf(o) == ElementType.Float));
        }

        return reached;
    }

    /// <summary>Rows of signs, one for each position, over the root mean square of the output: outputs of any size count alike.</summary>
    private static void Seed(GradientBuilder builder, string output, int width)
    {
        var rows = Math.Clamp(MostSeedNumbers / width, 1, MostSeeds);
        var count = builder.Op("Div", builder.Op("Size", output), builder.Integer(width));
        var turns = builder.Op("Mod", builder.Op("Range", builder.Integer(0), count, builder.Integer(1)), builder.Integer(rows));
        var signs = builder.Op("Reshape", builder.Op("Gather", builder.Matrix(Signs(rows, width), rows, width), turns), builder.Op("Shape", output));
        var size = builder.Op("Cast", builder.Op("Size", output));
        builder.Last.SetInt("to", (long)ElementType.Float);
        var energy = builder.Op("ReduceSum", builder.Op("Mul", output, output));
        builder.Last.SetInt("keepdims", 0);
        var scale = builder.Op("Sqrt", builder.Op("Add", builder.Op("Div", energy, size), builder.Number(1e-20f)));
        builder.Add(output, builder.Op("Div", signs, scale));
    }

    private static float[] Signs(int rows, int width)
    {
        var random = new Random(0);
        var signs = new float[rows * width];
        for (var row = 0; row < rows; row++)
        {
            var some = signs.AsSpan(row * width, width);
            float sum = 0;
            foreach (ref var sign in some)
            {
                sign = random.Next(2) == 0 ? -1 : 1;
                sum += sign;
            }

            foreach (ref var sign in some)
            {
                sign -= width > 1 ? Common * sum / width : 0;
            }
        }

        return signs;
    }
}
