namespace OnnxCompress.Verification.Decisions;

/// <summary>Counts how far two models decide the same by one rule, batch after batch.</summary>
/// <param name="kind">What a decision is.</param>
/// <param name="outputs">The outputs that are read; the first names the rule.</param>
internal abstract class OutputDecisions(DecisionKind kind, params IReadOnlyList<string> outputs)
{
    /// <summary>How many times the drift is taken at most; see <see cref="VerificationResult.CautiousAgreement"/>.</summary>
    public const int MostTimes = 5;

    private readonly long[] _decided = new long[MostTimes];
    private readonly long[] _agreeing = new long[MostTimes];
    private long _distinctDecided;
    private long _distinctAgreeing;

    /// <summary>The outputs that are read.</summary>
    public IReadOnlyList<string> Outputs => outputs;

    /// <summary>What a decision is.</summary>
    protected DecisionKind Kind => kind;

    /// <summary>Decisions that changed.</summary>
    protected SurestChanges Changes { get; } = new();

    /// <summary>Whether both models may answer with other shapes, as they do when the number of boxes is theirs to say.</summary>
    public virtual bool MayDifferInShape => false;

    /// <summary>Adds one batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="times">How many times the drift was taken in what the compressed model says: first 1, its own words, then
    /// 2 to <see cref="MostTimes"/> for the same batch where shapes are equal.</param>
    public abstract void Add(DecisionBatch batch, int times);

    /// <summary>What was counted.</summary>
    public virtual DecisionResult Result() => new(outputs[0], kind, _decided[0], _agreeing[0])
    {
        CautiousAgreement = Cautious(),
        Risk = RiskSum is { } risk && _decided[0] > 0 ? risk / _decided[0] : null,
        DistinctDecisions = _distinctDecided,
        DistinctAgreeing = _distinctAgreeing,
        HasOneDecision = IsOneDecision && _decided[0] > 0,
        Figures = [.. Figures()],
        Changed = Changes.Surest(),
    };

    /// <summary>See <see cref="VerificationResult.DecisionRisk"/>, summed over decisions; null where decisions have no margins.</summary>
    protected virtual double? RiskSum => null;

    /// <summary>Whether the original said the same everywhere.</summary>
    protected virtual bool IsOneDecision => false;

    /// <summary>What else there is to say.</summary>
    protected virtual IEnumerable<DecisionFigure> Figures() => [];

    /// <summary>Counts decisions of one sample.</summary>
    /// <param name="times">How many times the drift was taken.</param>
    /// <param name="isNew">Whether the sample is no copy.</param>
    /// <param name="decided">Its decisions.</param>
    /// <param name="agreeing">Those that are the same.</param>
    protected void Count(int times, bool isNew, long decided, long agreeing)
    {
        _decided[times - 1] += decided;
        _agreeing[times - 1] += agreeing;
        if (times == 1 && isNew)
        {
            _distinctDecided += decided;
            _distinctAgreeing += agreeing;
        }
    }

    // The worst over how far the drift is stretched: changes at k times the drift are k times those to expect.
    private double? Cautious()
    {
        if (_decided.Any(decided => decided == 0))
        {
            return null;
        }

        return 1 - Enumerable.Range(0, MostTimes).Max(k => (1 - ((double)_agreeing[k] / _decided[k])) / (k + 1));
    }
}
