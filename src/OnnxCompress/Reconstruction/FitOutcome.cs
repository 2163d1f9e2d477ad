namespace OnnxCompress.Reconstruction;

/// <summary>What least squares did for one layer.</summary>
/// <param name="Layer">Name of the original layer.</param>
/// <param name="ErrorBefore">Relative error of its output with the method's weights, on rows that were not fitted.</param>
/// <param name="ErrorAfter">The same with the fitted weights, in what a Relu or Clip behind the layer lets through.</param>
/// <param name="Ridge">Relative ridge that was chosen; infinite when the method's weights stayed.</param>
/// <param name="UsesDrift">Whether it makes up for what the other branch of an Add has drifted by.</param>
public sealed record FitOutcome(string Layer, double ErrorBefore, double ErrorAfter, double Ridge, bool UsesDrift);
