using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Tests.Testing;

/// <summary>How a graph writes attention.</summary>
public enum AttentionForm
{
    /// <summary>Of the runtime's own, biases in products before it.</summary>
    MultiHead,

    /// <summary>Of the runtime's own, with one bias for queries, keys and values.</summary>
    MultiHeadBias,

    /// <summary>Of the runtime's own, behind tables of angles, causal.</summary>
    MultiHeadRotary,

    /// <summary>Of the runtime's own, with what is added to scores another for each head.</summary>
    MultiHeadScores,

    /// <summary>Of the runtime's own, with one weight for queries, keys and values, and a mask.</summary>
    Fused,

    /// <summary>The same, with the number of positions that count in place of a mask.</summary>
    FusedLengths,

    /// <summary>The same, causal, with sizes of its own for values.</summary>
    FusedNarrow,

    /// <summary>Query heads that share keys.</summary>
    Grouped,

    /// <summary>Query heads that share keys, turned by tables that the node itself reads.</summary>
    GroupedRotary,

    /// <summary>Query heads that share keys, and all operands in one.</summary>
    GroupedPacked,

    /// <summary>Query heads that share keys, which are also outputs of the model.</summary>
    GroupedCached,

    /// <summary>Of the standard, heads behind each other.</summary>
    Standard,

    /// <summary>Of the standard, heads as an axis of their own, behind tables of angles.</summary>
    StandardHeads,

    /// <summary>Of the standard, query heads that share keys.</summary>
    StandardGrouped,

    /// <summary>Products, softmax, reshapes and transposes.</summary>
    Products,

    /// <summary>The same, scores by a product of the runtime's own that turns keys and scales.</summary>
    ProductsFused,

    /// <summary>The same, samples and heads merged into one axis.</summary>
    ProductsMerged,

    /// <summary>The same, query heads that share keys, which are repeated for them.</summary>
    ProductsGrouped,
}

/// <summary>
/// Self-attention in every form that a graph writes it in: layers <c>name.q</c>, <c>name.k</c>, <c>name.v</c> (or <c>name.qkv</c>) and
/// <c>name.o</c>.
/// </summary>
internal static class AttentionForms
{
    private const string Microsoft = "com.microsoft";

    /// <summary>Adds attention over a tensor of samples, positions and features.</summary>
    /// <param name="test">Where.</param>
    /// <param name="name">Its name, and that of its output's product.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="form">How it is written.</param>
    /// <param name="sizes">Sizes.</param>
    public static string Attention(this TestModel test, string name, string input, AttentionForm form, AttentionSizes sizes)
    {
        // There values are as wide as keys.
        sizes = form is AttentionForm.Fused or AttentionForm.FusedLengths ? sizes with { ValueWidth = sizes.Width } : sizes;
        var isGrouped = form is AttentionForm.Grouped or AttentionForm.GroupedRotary or AttentionForm.GroupedPacked or AttentionForm.GroupedCached;
        var made = form switch
        {
            _ when isGrouped => Grouped(test, name, input, form, sizes),
            AttentionForm.Fused or AttentionForm.FusedLengths or AttentionForm.FusedNarrow => Fused(test, name, input, form, sizes),
            AttentionForm.Standard or AttentionForm.StandardHeads or AttentionForm.StandardGrouped => Standard(test, name, input, form, sizes),
            AttentionForm.Products or AttentionForm.ProductsFused or AttentionForm.ProductsMerged or AttentionForm.ProductsGrouped => Products(test, name, input, form, sizes),
            _ => MultiHead(test, name, input, form, sizes),
        };
        return test.MatMul($"{name}.o", made, sizes.Heads * (isGrouped ? sizes.Width : sizes.ValueWidth), sizes.Features);
    }

    /// <summary>Says that the last node is one of the runtime's own.</summary>
    public static string Own(this TestModel test, string node)
    {
        if (!test.Proto.OpsetImport.Any(o => o.Domain == Microsoft))
        {
            test.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = Microsoft, Version = 1 });
        }

        test.Graph.Node[^1].Domain = Microsoft;
        return node;
    }

    private static string MultiHead(TestModel test, string name, string input, AttentionForm form, AttentionSizes sizes)
    {
        var (width, valueWidth) = (sizes.Heads * sizes.Width, sizes.Heads * sizes.ValueWidth);
        var hasBias = form != AttentionForm.MultiHeadBias;
        string[] read = [Project(test, $"{name}.q", input, sizes.Features, width, hasBias), Project(test, $"{name}.k", input, sizes.Features, width, hasBias), Project(test, $"{name}.v", input, sizes.Features, valueWidth, hasBias)];
        switch (form)
        {
            case AttentionForm.MultiHeadBias:
                read = [.. read, test.Weight($"{name}.b", width + width + valueWidth)];
                break;
            case AttentionForm.MultiHeadRotary:
                var (positions, cos, sin) = Angles(test, name, input, sizes.Width);
                read = [.. read.Take(2).Select(r => test.Own(test.Node("RotaryEmbedding", $"{r}.turned", [r, positions, cos, sin]))), read[2]];
                return test.Own(test.Node("MultiHeadAttention", name, read, ("num_heads", sizes.Heads), ("unidirectional", 1)));
            case AttentionForm.MultiHeadScores:
                read = [.. read, "", "", test.Weight($"{name}.scores", 1, sizes.Heads, sizes.Positions, sizes.Positions)];
                break;
        }

        return test.Own(test.Node("MultiHeadAttention", name, read, ("num_heads", sizes.Heads), ("scale", 0.4f)));
    }

    private static string Fused(TestModel test, string name, string input, AttentionForm form, AttentionSizes sizes)
    {
        var (width, valueWidth) = (sizes.Heads * sizes.Width, sizes.Heads * sizes.ValueWidth);
        // Without a bias the runtime reads memory that is not there.
        string[] read = [input, test.Weight($"{name}.qkv.w", sizes.Features, (2 * width) + valueWidth), test.Weight($"{name}.qkv.b", (2 * width) + valueWidth)];
        if (form == AttentionForm.FusedNarrow)
        {
            return test.Own(test.Node("Attention", name, read, ("num_heads", sizes.Heads), ("unidirectional", 1), ("qkv_hidden_sizes", new long[] { width, width, valueWidth })));
        }

        // Positions are hidden from the others where their first feature is small.
        test.Graph.Initializer.Add(Number($"{name}.begin", 0));
        var feature = test.Node("Gather", $"{name}.feature", [input, $"{name}.begin"], ("axis", 2));
        var mask = test.Node("Cast", $"{name}.mask", [test.Node("Greater", $"{name}.shown", [feature, test.Scalar($"{name}.least", -1)])], ("to", (int)ElementType.Int32));
        if (form == AttentionForm.FusedLengths)
        {
            var (samples, length) = SizesOf(test, name, input);
            mask = test.Node("Cast", $"{name}.lengths", [test.Node("Expand", $"{name}.each", [test.Node("Sub", $"{name}.fewer", [length, test.Integers($"{name}.last", 1)]), samples])], ("to", (int)ElementType.Int32));
        }

        return test.Own(test.Node("Attention", name, [.. read, mask], ("num_heads", sizes.Heads)));
    }

    private static string Grouped(TestModel test, string name, string input, AttentionForm form, AttentionSizes sizes)
    {
        var (width, keyWidth) = (sizes.Heads * sizes.Width, sizes.KeyHeads * sizes.Width);
        string[] read = form == AttentionForm.GroupedPacked
            ? [Project(test, $"{name}.qkv", input, sizes.Features, width + (2 * keyWidth), false), "", ""]
            : [Project(test, $"{name}.q", input, sizes.Features, width, true), Project(test, $"{name}.k", input, sizes.Features, keyWidth, false), Project(test, $"{name}.v", input, sizes.Features, keyWidth, false)];
        var (samples, length) = SizesOf(test, name, input);
        var last = test.Node("Sub", $"{name}.last", [length, test.Integers($"{name}.one", 1)]);
        string Int32(string of, string to) => test.Node("Cast", to, [of], ("to", (int)ElementType.Int32));
        var until = Int32(test.Node("Expand", $"{name}.until64", [last, samples]), $"{name}.until");
        read = [.. read, "", "", until, Int32(length, $"{name}.total")];
        if (form == AttentionForm.GroupedRotary)
        {
            var (_, cos, sin) = Angles(test, name, input, sizes.Width);
            read = [.. read, cos, sin];
        }

        string[] outputs = form == AttentionForm.GroupedCached ? [name, $"{name}.keys", $"{name}.values"] : [name, "", ""];
        // The runtime makes them whether anybody reads them or not.
        outputs = form == AttentionForm.GroupedCached ? outputs : [name, $"{name}.unread1", $"{name}.unread2"];
        test.Nodes("GroupQueryAttention", name, read, outputs, ("num_heads", sizes.Heads), ("kv_num_heads", sizes.KeyHeads), ("do_rotary", form == AttentionForm.GroupedRotary ? 1 : 0));
        if (form == AttentionForm.GroupedCached)
        {
            test.Output($"{name}.keys", "N", sizes.KeyHeads, "L", sizes.Width).Output($"{name}.values", "N", sizes.KeyHeads, "L", sizes.Width);
        }

        return test.Own(name);
    }

    private static string Standard(TestModel test, string name, string input, AttentionForm form, AttentionSizes sizes)
    {
        var keyHeads = form == AttentionForm.StandardGrouped ? sizes.KeyHeads : sizes.Heads;
        string[] read =
        [
            Project(test, $"{name}.q", input, sizes.Features, sizes.Heads * sizes.Width, true), Project(test, $"{name}.k", input, sizes.Features, keyHeads * sizes.Width, true),
            Project(test, $"{name}.v", input, sizes.Features, keyHeads * sizes.ValueWidth, true),
        ];
        if (form != AttentionForm.StandardHeads)
        {
            return test.Node("Attention", name, read, ("q_num_heads", sizes.Heads), ("kv_num_heads", keyHeads), ("is_causal", 1));
        }

        var (positions, cos, sin) = Angles(test, name, input, sizes.Width);
        string Turned(string heads) => test.Node("RotaryEmbedding", $"{heads}.turned", [heads, cos, sin, positions]);
        var queries = Turned(Heads(test, read[0], sizes.Heads, sizes.Width, 0, 2, 1, 3));
        var keys = Turned(Heads(test, read[1], sizes.Heads, sizes.Width, 0, 2, 1, 3));
        return Joined(test, test.Node("Attention", $"{name}.heads", [queries, keys, Heads(test, read[2], sizes.Heads, sizes.ValueWidth, 0, 2, 1, 3)]), name, sizes);
    }

    private static string Products(TestModel test, string name, string input, AttentionForm form, AttentionSizes sizes)
    {
        var keyHeads = form == AttentionForm.ProductsGrouped ? sizes.KeyHeads : sizes.Heads;
        var queries = Heads(test, Project(test, $"{name}.q", input, sizes.Features, sizes.Heads * sizes.Width, true), sizes.Heads, sizes.Width, 0, 2, 1, 3);
        var keys = Heads(test, Project(test, $"{name}.k", input, sizes.Features, keyHeads * sizes.Width, true), keyHeads, sizes.Width, 0, 2, 1, 3);
        var values = Heads(test, Project(test, $"{name}.v", input, sizes.Features, keyHeads * sizes.ValueWidth, true), keyHeads, sizes.ValueWidth, 0, 2, 1, 3);
        if (form == AttentionForm.ProductsGrouped)
        {
            (keys, values) = (Repeated(test, keys, sizes), Repeated(test, values, sizes));
        }

        if (form == AttentionForm.ProductsFused)
        {
            var fused = test.Own(test.Node("FusedMatMul", $"{name}.scores", [queries, keys], ("alpha", 0.4f), ("transB", 1)));
            return Joined(test, test.Node("MatMul", $"{name}.mixed", [test.Node("Softmax", $"{name}.softmax", [fused], ("axis", -1)), values]), name, sizes);
        }

        var turned = test.Node("Transpose", $"{name}.turned", [keys], ("perm", new long[] { 0, 1, 3, 2 }));
        if (form == AttentionForm.ProductsMerged)
        {
            string Merged(string of, long rows, long columns) => test.Node("Reshape", $"{of}.merged", [of, test.Integers($"{of}.merged.shape", -1, rows, columns)]);
            (queries, turned, values) = (Merged(queries, sizes.Positions, sizes.Width), Merged(turned, sizes.Width, sizes.Positions), Merged(values, sizes.Positions, sizes.ValueWidth));
        }

        var scores = test.Node("Softmax", $"{name}.softmax", [test.Node("Div", $"{name}.scaled", [test.Node("MatMul", $"{name}.scores", [queries, turned]), test.Scalar($"{name}.scale", 1.5f)])], ("axis", -1));
        var mixed = test.Node("MatMul", $"{name}.mixed", [scores, values]);
        if (form == AttentionForm.ProductsMerged)
        {
            mixed = test.Node("Reshape", $"{name}.apart", [mixed, test.Integers($"{name}.apart.shape", -1, sizes.Heads, sizes.Positions, sizes.ValueWidth)]);
        }

        return Joined(test, mixed, name, sizes);
    }

    /// <summary>Keys or values for each query head, to a shape that is computed.</summary>
    private static string Repeated(TestModel test, string heads, AttentionSizes sizes)
    {
        // Axes became an input in opset 13.
        var apart = test.Proto.OpsetImport[0].Version < 13
            ? test.Node("Unsqueeze", $"{heads}.apart", [heads], ("axes", new long[] { 2 }))
            : test.Node("Unsqueeze", $"{heads}.apart", [heads, test.Integers($"{heads}.axis", 2)]);
        var shape = test.Node("Shape", $"{heads}.sizes", [heads]);
        var parts = 0;
        string Part(int from, int to) => test.Node("Slice", $"{heads}.part{++parts}", [shape, test.Integers($"{heads}.from{parts}", from), test.Integers($"{heads}.to{parts}", to)]);
        var repeats = test.Integers($"{heads}.repeats", sizes.Heads / sizes.KeyHeads);
        var wide = test.Node("Expand", $"{heads}.wide", [apart, test.Node("Concat", $"{heads}.target", [Part(0, 2), repeats, Part(2, 4)], ("axis", 0))]);
        var all = test.Node("Mul", $"{heads}.count", [Part(1, 2), repeats]);
        return test.Node("Reshape", $"{heads}.all", [wide, test.Node("Concat", $"{heads}.merged", [Part(0, 1), all, Part(2, 4)], ("axis", 0))]);
    }

    private static string Heads(TestModel test, string behind, int heads, int width, params long[] permutation)
    {
        var split = test.Node("Reshape", $"{behind}.split", [behind, test.Integers($"{behind}.shape", 0, -1, heads, width)]);
        return test.Node("Transpose", $"{behind}.heads", [split], ("perm", permutation));
    }

    private static string Joined(TestModel test, string heads, string name, AttentionSizes sizes) =>
        test.Node("Reshape", name, [test.Node("Transpose", $"{name}.back", [heads], ("perm", new long[] { 0, 2, 1, 3 })), test.Integers($"{name}.flat", 0, -1, sizes.Heads * sizes.ValueWidth)]);

    private static string Project(TestModel test, string name, string input, int from, int to, bool hasBias) =>
        hasBias ? test.Node("Add", $"{name}.added", [test.MatMul(name, input, from, to), test.Weight($"{name}.b", to)]) : test.MatMul(name, input, from, to);

    /// <summary>Positions, and tables of their angles.</summary>
    private static (string Positions, string Cos, string Sin) Angles(TestModel test, string name, string input, int width)
    {
        const int Longest = 512;
        float[] Table(Func<double, double> of) => [.. Enumerable.Range(0, Longest * width / 2).Select(i => (float)of(i / (width / 2) / Math.Pow(100, i % (width / 2) / (width / 2.0))))];
        var (cos, sin) = (test.Floats($"{name}.cos", [Longest, width / 2], Table(Math.Cos)), test.Floats($"{name}.sin", [Longest, width / 2], Table(Math.Sin)));
        var (samples, length) = SizesOf(test, $"{name}.angles", input);
        string Scalar(string of) => test.Node("Squeeze", $"{of}.scalar", [of]);
        test.Graph.Initializer.Add(Number($"{name}.zero", 0));
        test.Graph.Initializer.Add(Number($"{name}.step", 1));
        var range = test.Node("Range", $"{name}.range", [$"{name}.zero", Scalar(length), $"{name}.step"]);
        return (test.Node("Expand", $"{name}.positions", [range, test.Node("Concat", $"{name}.grid", [samples, length], ("axis", 0))]), cos, sin);
    }

    private static TensorProto Number(string name, long value) => new() { Name = name, DataType = (int)ElementType.Int64, Int64Data = { value } };

    private static (string Samples, string Length) SizesOf(TestModel test, string name, string input)
    {
        var shape = test.Node("Shape", $"{name}.sizes", [input]);
        return (test.Node("Gather", $"{name}.samples", [shape, test.Integers($"{name}.first", 0)]), test.Node("Gather", $"{name}.length", [shape, test.Integers($"{name}.second", 1)]));
    }
}

/// <summary>Sizes of attention.</summary>
/// <param name="Features">Of its input and output.</param>
/// <param name="Heads">Of queries.</param>
/// <param name="KeyHeads">Of keys and values, where query heads share them.</param>
/// <param name="Width">Columns of a head of queries and keys.</param>
/// <param name="ValueWidth">Columns of a head of values, where it may differ.</param>
internal sealed record AttentionSizes(int Features, int Heads, int KeyHeads, int Width, int ValueWidth)
{
    /// <summary>Positions, where the graph states them.</summary>
    public int Positions { get; init; } = 5;
}
