namespace OnnxCompress.Precision;

/// <summary>The weights that become whole numbers, and the steps of those whose rounding is done.</summary>
/// <param name="wanted">Names of the weights.</param>
internal sealed class RoundedWeights(IEnumerable<string> wanted)
{
    private readonly HashSet<string> _wanted = new(wanted, StringComparer.Ordinal);
    private readonly Dictionary<string, (float[] Steps, double Error)> _done = new(StringComparer.Ordinal);

    /// <summary>Whether a weight is one of them.</summary>
    public bool Wants(string weight) => _wanted.Contains(weight);

    /// <summary>Notes that a weight has values of its grid.</summary>
    /// <param name="weight">Its name.</param>
    /// <param name="steps">One for each output channel.</param>
    /// <param name="error">Relative error of the layer's output.</param>
    public void Note(string weight, float[] steps, double error) => _done[weight] = (steps, error);

    /// <summary>The steps of a weight; null for one that was not rounded yet.</summary>
    public float[]? StepsOf(string weight) => _done.TryGetValue(weight, out var done) ? done.Steps : null;

    /// <summary>The error of its layer; null where it is not known.</summary>
    public double? ErrorOf(string weight) => _done.TryGetValue(weight, out var done) && double.IsFinite(done.Error) ? done.Error : null;
}
