namespace OnnxCompress.Verification.Decisions;

/// <summary>How far distributions over tokens are from the original's.</summary>
internal sealed class TokenDivergence
{
    private const double LeastProbability = 1e-12;

    private double _divergence;
    private double _surprise;
    private long _count;

    /// <summary>Adds one position.</summary>
    /// <param name="expected">The original's scores from the position's first class on; probabilities or logits.</param>
    /// <param name="actual">The compressed model's.</param>
    /// <param name="stride">Elements from a class to the next.</param>
    /// <param name="classes">How many there are.</param>
    /// <param name="chosen">The original's choice.</param>
    public void Add(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, int stride, int classes, long chosen)
    {
        var (before, after) = (LogSum(expected, stride, classes), LogSum(actual, stride, classes));
        double divergence = 0;
        for (var c = 0; c < classes; c++)
        {
            var p = Log(expected[c * stride], before);
            divergence += Math.Exp(p) * (p - Log(actual[c * stride], after));
        }

        _divergence += Math.Max(0, divergence);
        _surprise -= Log(actual[(int)chosen * stride], after);
        _count++;
    }

    /// <summary>The measures; none where no position was added.</summary>
    public IEnumerable<DecisionFigure> Figures() => _count == 0 ? [] :
    [
        new("meanKullbackLeibler", "Kullback-Leibler divergence, nats per token", _divergence / _count),
        new("perplexityOfChoice", "perplexity of the original's choices", Math.Exp(_surprise / _count)),
    ];

    // Scores that are probabilities already have logarithms of their own; not a number marks that.
    private static double LogSum(ReadOnlySpan<double> scores, int stride, int classes)
    {
        if (ClassReader.IsProbability(scores, stride, classes))
        {
            return double.NaN;
        }

        var greatest = double.NegativeInfinity;
        for (var c = 0; c < classes; c++)
        {
            greatest = Math.Max(greatest, scores[c * stride]);
        }

        double sum = 0;
        for (var c = 0; c < classes; c++)
        {
            sum += Math.Exp(scores[c * stride] - greatest);
        }

        return greatest + Math.Log(sum);
    }

    private static double Log(double score, double logSum) =>
        double.IsNaN(logSum) ? Math.Log(Math.Max(score, LeastProbability)) : Math.Max(score - logSum, Math.Log(LeastProbability));
}
