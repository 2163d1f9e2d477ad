namespace OnnxCompress.Verification;

/// <summary>A measure that belongs to one kind of decision.</summary>
/// <param name="Name">The key in reports, for instance <c>meanIou</c>.</param>
/// <param name="Meaning">What it is, in words.</param>
/// <param name="Value">Its value.</param>
public sealed record DecisionFigure(string Name, string Meaning, double Value);
