namespace OnnxCompress.Verification;

/// <summary>How two models are compared.</summary>
public sealed record VerificationOptions
{
    /// <summary>What a decision is.</summary>
    public DecisionRule Decision { get; init; } = DecisionRule.ArgMax;

    /// <summary>The right class of each sample, when known.</summary>
    public IReadOnlyList<long>? Labels { get; init; }

    /// <summary>Threads of the runtime; 0 means all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Samples in one run, unless the model's batch is fixed.</summary>
    public int BatchSize { get; init; } = 16;
}
