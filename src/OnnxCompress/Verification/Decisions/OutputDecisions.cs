using System.Collections.Immutable;

namespace OnnxCompress.Verification.Decisions;

/// <summary>Counts how far two models decide the same by one rule, batch after batch.</summary>
/// <param name="kind">What a decision is.</param>
/// <param name="outputs">The outputs that are read; the first names the rule.</param>
internal abstract class OutputDecisions(DecisionKind kind, params IReadOnlyList<string> outputs)
{
    /// <summary>How many times the drift is taken; see <see cref="CautiousFigure"/>.</summary>
    public static readonly ImmutableArray<int> Times = [1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 100];

    private readonly long[] _decided = new long[Times.Length];
    private readonly long[] _agreeing = new long[Times.Length];
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
    /// <param name="stretch">Which of <see cref="Times"/> the drift was taken in what the compressed model says: first 0, its own
    /// words, then the others for the same batch where shapes are equal.</param>
    public abstract void Add(DecisionBatch batch, int stretch);

    /// <summary>On which scale drift is stretched: that on which scores add up.</summary>
    /// <param name="batch">A batch of outputs.</param>
    public virtual DriftScale Scale(DecisionBatch batch) => DriftScale.Plain;

    /// <summary>What was counted.</summary>
    /// <param name="more">What the same rule counted on samples that only make the cautious figure steadier; null for none.</param>
    public DecisionResult Result(OutputDecisions? more = null)
    {
        Complete();
        more?.Complete();
        return Result(more?._decided, more?._agreeing);
    }

    /// <summary>Counts what can only be counted once all samples that one model answers are there; another model may answer the next.</summary>
    public virtual void Complete()
    {
    }

    /// <summary>See <see cref="VerificationResult.DecisionRisk"/>, summed over decisions; null where decisions have no margins.</summary>
    protected virtual double? RiskSum => null;

    /// <summary>Whether the original said the same everywhere.</summary>
    protected virtual bool IsOneDecision => false;

    /// <summary>See <see cref="DecisionResult.ChangedPixels"/>.</summary>
    protected virtual IReadOnlyList<PixelChanges> ChangedPixels => [];

    /// <summary>What else there is to say.</summary>
    protected virtual IEnumerable<DecisionFigure> Figures() => [];

    /// <summary>Counts decisions of one sample.</summary>
    /// <param name="stretch">Which of <see cref="Times"/> the drift was taken.</param>
    /// <param name="isNew">Whether the sample is no copy.</param>
    /// <param name="decided">Its decisions.</param>
    /// <param name="agreeing">Those that are the same.</param>
    protected void Count(int stretch, bool isNew, long decided, long agreeing)
    {
        _decided[stretch] += decided;
        _agreeing[stretch] += agreeing;
        if (stretch == 0 && isNew)
        {
            _distinctDecided += decided;
            _distinctAgreeing += agreeing;
        }
    }

    private DecisionResult Result(long[]? decided, long[]? agreeing) => new(outputs[0], kind, _decided[0], _agreeing[0])
    {
        // Other samples may have done better by chance.
        CautiousAgreement = CautiousFigure.Of(Sum(_decided, decided), Sum(_agreeing, agreeing)) is { } cautious && _decided[0] > 0
            ? Math.Min(cautious, (double)_agreeing[0] / _decided[0])
            : null,
        Risk = RiskSum is { } risk && _decided[0] > 0 ? risk / _decided[0] : null,
        DistinctDecisions = _distinctDecided,
        DistinctAgreeing = _distinctAgreeing,
        HasOneDecision = IsOneDecision && _decided[0] > 0,
        Figures = [.. Figures()],
        Changed = Changes.Surest(),
        ChangedPixels = ChangedPixels,
    };

    private static long[] Sum(long[] one, long[]? other) => other is null ? one : [.. one.Zip(other, (a, b) => a + b)];
}
