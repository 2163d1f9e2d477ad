namespace OnnxCompress.Reconstruction;

/// <summary>How the least-squares pass works.</summary>
/// <param name="Threads">Threads of the runtime; 0 means all cores.</param>
/// <param name="BatchSize">Samples for each run, unless the model fixes its batch.</param>
/// <param name="Seed">Chooses the rows.</param>
/// <param name="MemoryBytes">Bytes of activations to keep in memory; more go to temporary files.</param>
internal sealed record ReconstructionOptions(int Threads, int BatchSize, int Seed, long MemoryBytes)
{
    /// <summary>The input whose zeros mark positions that do not count; null: the one that is named like a mask, if there is one.</summary>
    public string? Mask { get; init; }
}
