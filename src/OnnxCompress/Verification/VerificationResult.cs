namespace OnnxCompress.Verification;

/// <summary>What was found when two models answered the same samples.</summary>
/// <param name="Samples">How many samples there were.</param>
/// <param name="Decisions">How many decisions: samples, times positions for sequence outputs; 0 when nothing decides.</param>
/// <param name="Agreeing">How many of them were the same in both models.</param>
/// <param name="RelativeError">Of the deciding output; of the worst output when nothing decides. Null when it cannot be stated.</param>
/// <param name="Outputs">Every numeric output.</param>
/// <param name="Accuracy">Both models against labels; null without labels.</param>
public sealed record VerificationResult(
    int Samples, long Decisions, long Agreeing, double? RelativeError, IReadOnlyList<OutputDrift> Outputs, AccuracyComparison? Accuracy)
{
    /// <summary>
    /// The agreement to expect of samples that are less clear than these, as data are that the network was not trained on: what
    /// changes when the outputs' drift is taken k times, by k, the worst k of 1 to 10, and a little for what few samples cannot
    /// see. Null when nothing decides.
    /// </summary>
    public double? CautiousAgreement { get; init; }

    /// <summary>
    /// How near the decisions came to changing: the share of its margin that drift takes from a decision, at most 1, squared;
    /// mean over decisions. Falls smoothly where agreement moves in steps. Null when decisions have no margins.
    /// </summary>
    public double? DecisionRisk { get; init; }

    /// <summary>How many samples differ in what the models are fed: copies prove nothing more.</summary>
    public int DistinctSamples { get; init; } = Samples;

    /// <summary>Decisions of different samples, copies left out.</summary>
    public long DistinctDecisions { get; init; } = Decisions;

    /// <summary>How many of <see cref="DistinctDecisions"/> were the same in both models.</summary>
    public long DistinctAgreeing { get; init; } = Agreeing;

    /// <summary>Whether the original decided the same everywhere: a model that answers nothing else would agree with it.</summary>
    public bool HasOneDecision { get; init; }

    /// <summary>
    /// What each rule says, in the order of the rules that decide. Where there are several, the figures above are those of the
    /// rule with the least agreement: what holds for it holds for all.
    /// </summary>
    public IReadOnlyList<DecisionResult> ByRule { get; init; } = [];

    /// <summary>
    /// How many parts the samples were divided into, each of which a model answered that was made without it: what was proven is
    /// what such models keep, and the one that is written is made from all samples. Null: one model answered all.
    /// </summary>
    public int? Folds { get; init; }

    /// <summary>The most of <see cref="Changed"/> that are kept.</summary>
    public const int MostChanged = 50;

    /// <summary>Decisions that changed, the original's surest first; at most <see cref="MostChanged"/> of them.</summary>
    public IReadOnlyList<ChangedDecision> Changed { get; init; } = [];

    /// <summary>Share of equal decisions; null when nothing decides.</summary>
    public double? Agreement => Decisions == 0 ? null : (double)Agreeing / Decisions;

    /// <summary>Share of equal decisions when copies of a sample count once; null when nothing decides.</summary>
    public double? DistinctAgreement => DistinctDecisions == 0 ? null : (double)DistinctAgreeing / DistinctDecisions;

    /// <summary>
    /// One-sided 95% Clopper-Pearson lower bound on the agreement; null when nothing decides. Neither copies of a sample nor
    /// positions of one are independent, so the bound counts different samples, each with the mean agreement, rounded down. It is
    /// never above the agreement, which copies can lower.
    /// </summary>
    public double? AgreementLower95 => DistinctDecisions == 0
        ? null
        : Math.Min(Agreement!.Value, BinomialBound.Lower95((long)Math.Floor((double)DistinctAgreeing * Trials / DistinctDecisions), Trials));

    // Where only some samples are compared, the others prove nothing.
    private int Trials => (int)Math.Min(DistinctSamples, DistinctDecisions);
}
