namespace OnnxCompress.Search;

/// <summary>
/// The shares that a search asks about, each in the middle of what is left. Where much removed loses far more than may be lost, the next
/// question is whether little does: most networks that lose by it lose by anything, and few questions end the search.
/// </summary>
/// <param name="low">Below it nothing is looked for.</param>
/// <param name="high">Where nothing has to be removed.</param>
/// <param name="finest">What is left is not divided further.</param>
/// <param name="most">Questions, but for <see cref="Leaps"/>.</param>
internal sealed class ShareHalving(double low, double high, double finest, int most)
{
    private readonly Queue<double> _leaps = [];
    private double _low = low;
    private int _asked;
    private bool _isFar, _isAccepted;

    /// <summary>Shares that are asked about, in this order, while all before lost far too much; none for halving alone.</summary>
    public IReadOnlyList<double> Leaps
    {
        init => _leaps = new(value);
    }

    /// <summary>Above it nothing is asked about before something was accepted: so small a gain is as good as none.</summary>
    public double Largest { get; init; } = 1;

    /// <summary>The smallest share that was accepted, or where the search began.</summary>
    public double High { get; private set; } = high;

    /// <summary>What is asked about next; null at the end.</summary>
    public double? Next()
    {
        if (!(High - _low > finest))
        {
            return null;
        }

        if (_isFar && _leaps.TryDequeue(out var leap))
        {
            return leap <= Largest ? leap : null;
        }

        var middle = (_low + High) / 2;
        return _asked++ < most && (_isAccepted || middle <= Largest) ? middle : null;
    }

    /// <summary>A share keeps enough.</summary>
    public void Accept(double share) => (High, _isAccepted, _isFar) = (share, true, false);

    /// <summary>A share keeps too little.</summary>
    /// <param name="share">The share.</param>
    /// <param name="isFar">Whether by far, and all before it too.</param>
    public void Refuse(double share, bool isFar) => (_low, _isFar) = (share, isFar && !_isAccepted && (_isFar || _asked == 1));
}
