using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>How two models are compared.</summary>
public sealed record VerificationOptions
{
    /// <summary>What a decision is, for each output that decides; the first rule is the one that labels go with.</summary>
    public IReadOnlyList<DecisionRule> Decisions { get; init; } = [DecisionRule.ArgMax];

    /// <summary>The input whose zeros mark positions that do not count; null: the one that is named like a mask, if there is one.</summary>
    public string? Mask { get; init; }

    /// <summary>
    /// Other samples that nothing was fitted to, such as those that plans were compared on: they count in the cautious figure alone,
    /// which more samples make steadier. Null for none.
    /// </summary>
    public ISampleSource? Beside { get; init; }

    /// <summary>The right class of each sample, when known.</summary>
    public IReadOnlyList<long>? Labels { get; init; }

    /// <summary>Threads of the runtime; 0 means all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Samples in one run, unless the model's batch is fixed.</summary>
    public int BatchSize { get; init; } = 16;
}
