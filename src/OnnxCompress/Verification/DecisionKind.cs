namespace OnnxCompress.Verification;

/// <summary>What counts as a model's decision.</summary>
public enum DecisionKind
{
    /// <summary>The class with the largest value; the value itself for integer outputs; a threshold for a single column.</summary>
    ArgMax,

    /// <summary>Whether each value is above a threshold.</summary>
    Threshold,

    /// <summary>There are no decisions: only the drift of the outputs counts.</summary>
    None,

    /// <summary>The original's class: it stays the same when it is among the five largest of the compressed model.</summary>
    TopFive,

    /// <summary>For each column whether its value is above a threshold: several labels may hold at once.</summary>
    MultiLabel,

    /// <summary>The class of each pixel; with one channel, whether it is above a threshold.</summary>
    Pixels,

    /// <summary>Which other sample is nearest, by the angle between output vectors.</summary>
    Embedding,

    /// <summary>Boxes with a class, after suppression of overlapping ones; the same where they overlap by half.</summary>
    Detection,

    /// <summary>The text that a sequence of classes with a blank spells.</summary>
    Ctc,

    /// <summary>The next token at each position.</summary>
    Tokens,

    /// <summary>There are no decisions: the relative error of this output counts.</summary>
    Regression,
}
