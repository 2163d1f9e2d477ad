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
}
