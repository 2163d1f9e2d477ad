using OnnxCompress.Numerics;

namespace OnnxCompress.Selection;

/// <summary>
/// Moments of one consumer in the folds of one ordering, and products of them that do not depend on a ridge: with it,
/// <c>(G + lambda I) Q</c> and <c>(G + lambda I) Q (G + lambda I)</c> are sums of these.
/// </summary>
internal sealed class ConsumerFolds
{
    private readonly Lazy<Matrix<double>> _targeted, _scored;

    /// <summary>Takes what is fitted to and what judges.</summary>
    /// <param name="moments">The consumer's moments.</param>
    /// <param name="fit">What is fitted to.</param>
    /// <param name="judged">What it is judged on; null where only an order is wanted.</param>
    /// <param name="backend">Multiplies.</param>
    public ConsumerFolds(ConsumerMoments moments, ChannelMoments fit, ChannelMoments? judged, IDenseBackend backend)
    {
        (Moments, Fit, Judged) = (moments, fit, judged);
        _targeted = new(() => backend.Multiply(fit.Gram, moments.Target));
        _scored = new(() => backend.Multiply(Targeted, fit.Gram));
    }

    /// <summary>The consumer's moments.</summary>
    public ConsumerMoments Moments { get; }

    /// <summary>What is fitted to.</summary>
    public ChannelMoments Fit { get; }

    /// <summary>What it is judged on.</summary>
    public ChannelMoments? Judged { get; }

    /// <summary>G Q of the fitted fold, made when it is first asked for, by any thread.</summary>
    public Matrix<double> Targeted => _targeted.Value;

    /// <summary>G Q G of the fitted fold, likewise.</summary>
    public Matrix<double> Scored => _scored.Value;
}
