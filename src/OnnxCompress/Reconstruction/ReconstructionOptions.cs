namespace OnnxCompress.Reconstruction;

/// <summary>How the least-squares pass works.</summary>
/// <param name="Threads">Threads of the runtime; 0 means all cores.</param>
/// <param name="BatchSize">Samples for each run, unless the model fixes its batch.</param>
/// <param name="Seed">Chooses the rows.</param>
/// <param name="MemoryBytes">Bytes of activations to keep in memory; more go to temporary files.</param>
internal sealed record ReconstructionOptions(int Threads, int BatchSize, int Seed, long MemoryBytes);
