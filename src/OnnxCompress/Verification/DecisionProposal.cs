using OnnxCompress.Models;

namespace OnnxCompress.Verification;

/// <summary>What a model's decisions probably are, by the shape, the name and the operator of its output.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Reason">What was seen, for instance <c>'logits' [N,10]: argmax</c>.</param>
public sealed record DecisionProposal(DecisionRule Rule, string Reason)
{
    private const int LeastAnchors = 256;
    private const int LeastVocabulary = 1000;
    private const int BoxCorners = 4;

    private static readonly string[] EmbeddingWords = ["embed", "feature", "pooler", "descriptor"];

    /// <summary>The rule for a model when the user gave none.</summary>
    /// <param name="model">The model.</param>
    /// <param name="output">The output that decides; null: the first that holds numbers.</param>
    /// <param name="axis">The axis of classes, if the user said one.</param>
    public static DecisionProposal For(OnnxModel model, string? output, int? axis)
    {
        ArgumentNullException.ThrowIfNull(model);
        var numeric = model.Outputs.Where(o => OutputValues.IsNumeric(o.Type)).ToList();
        var decides = output is null ? numeric.FirstOrDefault() : numeric.Find(o => o.Name == output);
        if (decides is null)
        {
            // That there is no such output is told where outputs are read.
            return new(new(DecisionKind.ArgMax, output, axis), "argmax");
        }

        var kind = axis is not null ? DecisionKind.ArgMax : IsPairOfBoxes(numeric) && output is null ? DecisionKind.Detection : Kind(model, decides);
        var shape = decides.Dims is null ? "" : $" [{string.Join(',', decides.Dims)}]";
        return new(new(kind, output, axis), $"'{decides.Name}'{shape}: {Word(kind)}");
    }

    private static DecisionKind Kind(OnnxModel model, TensorInfo output)
    {
        if (!output.Type.IsFloatingPoint() || output.Dims is not { } dims)
        {
            return DecisionKind.ArgMax;
        }

        if (IsEmbedding(model, output))
        {
            return DecisionKind.Embedding;
        }

        var afterSigmoid = model.Graph.Producer(output.Name)?.OpType == "Sigmoid";
        var readsPictures = model.Inputs.Any(i => i.Dims?.Count == BoxCorners && i.Type.IsFloatingPoint());
        return dims.Count switch
        {
            2 when afterSigmoid && dims[1].Value != 1 => DecisionKind.MultiLabel,
            3 when readsPictures && IsYoloHead(model, output) => DecisionKind.Detection,
            3 when readsPictures && dims[2].Value is > 1 => DecisionKind.Ctc,
            3 when dims[2].Value is >= LeastVocabulary && !readsPictures => DecisionKind.Tokens,
            4 when dims[2].Value != 1 || dims[3].Value != 1 => DecisionKind.Pixels,
            _ => DecisionKind.ArgMax,
        };
    }

    private static bool IsEmbedding(OnnxModel model, TensorInfo output)
    {
        if (output.Dims!.Count != 2)
        {
            return false;
        }

        var producer = model.Graph.Producer(output.Name);
        // A vector over its length: x / ||x||.
        var isUnit = producer?.OpType == "LpNormalization"
            || (producer?.OpType == "Div" && IsNorm(model, producer.Inputs[1], steps: 4));
        return isUnit || EmbeddingWords.Any(word => output.Name.Contains(word, StringComparison.OrdinalIgnoreCase));
    }

    // Between the norm and the division stand a floor and an expansion at most; a sum without a root is that of a softmax.
    private static bool IsNorm(OnnxModel model, string value, int steps, bool hasRoot = false) => model.Graph.Producer(value) switch
    {
        null => false,
        { OpType: "ReduceL2" } => true,
        { OpType: "ReduceSumSquare" or "ReduceSum" } => hasRoot,
        { OpType: "Clip" or "Max" or "Add" or "Expand" or "Sqrt" } between when steps > 0 => IsNorm(model, between.Inputs[0], steps - 1, hasRoot || between.OpType == "Sqrt"),
        _ => false,
    };

    // Many anchors beside a few columns, put together of the scales of the network.
    private static bool IsYoloHead(OnnxModel model, TensorInfo output) =>
        output.Dims is [_, { Value: > BoxCorners and var rows }, { Value: > BoxCorners and var columns }]
        && Math.Max(rows, columns) >= LeastAnchors
        && Math.Max(rows, columns) >= BoxCorners * Math.Min(rows, columns)
        && model.Graph.Producer(output.Name)?.OpType is "Concat" or "Transpose" or "Reshape";

    private static bool IsPairOfBoxes(List<TensorInfo> outputs) =>
        outputs.Count >= 2 && outputs.Exists(o => o.Dims is { Count: >= 2 } dims && dims[^1].Value == BoxCorners && o.Name.Contains("box", StringComparison.OrdinalIgnoreCase));

    private static string Word(DecisionKind kind) => kind switch
    {
        DecisionKind.MultiLabel => "multilabel, each column above its threshold or not",
        DecisionKind.Pixels => "pixels, the class of each",
        DecisionKind.Embedding => "embedding, the nearest neighbour",
        DecisionKind.Detection => "detection, boxes that overlap",
        DecisionKind.Ctc => "ctc, the text that is spelt",
        DecisionKind.Tokens => "tokens, the next at each position",
        _ => "argmax, the largest class",
    };
}
