namespace OnnxCompress.Reporting;

/// <summary>What least squares did for one layer.</summary>
/// <param name="Layer">Its name.</param>
/// <param name="ErrorBefore">Relative error of its output with the method's weights, on calibration rows that were not fitted.</param>
/// <param name="ErrorAfter">The same with the fitted weights.</param>
/// <param name="Ridge">Relative ridge; null when the method's weights stayed.</param>
/// <param name="MendsSum">Whether it makes up for what the other branch of an Add has drifted by.</param>
public sealed record ReportedLayer(string Layer, double ErrorBefore, double ErrorAfter, double? Ridge, bool MendsSum);
