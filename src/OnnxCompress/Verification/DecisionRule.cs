namespace OnnxCompress.Verification;

/// <summary>Which of a model's outputs decides, and how.</summary>
/// <param name="Kind">What counts as a decision.</param>
/// <param name="Output">The output that decides; null: the first.</param>
/// <param name="Axis">The axis that classes lie on, negative from the end; null: 1 for images of classes (four axes or more),
/// else the last.</param>
/// <param name="Threshold">What a value must exceed; null: 0, or 0.5 when the output comes from a Sigmoid.</param>
public sealed record DecisionRule(DecisionKind Kind, string? Output = null, int? Axis = null, double? Threshold = null)
{
    /// <summary>The largest class of the first output.</summary>
    public static DecisionRule ArgMax { get; } = new(DecisionKind.ArgMax);

    /// <summary>The class that stands for nothing in <see cref="DecisionKind.Ctc"/>, negative from the end; null: the first.</summary>
    public int? Blank { get; init; }

    /// <summary>Whether there is anything to agree about; else only drift counts.</summary>
    public bool Decides => Kind is not (DecisionKind.None or DecisionKind.Regression);
}
