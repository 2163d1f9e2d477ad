namespace OnnxCompress.Timing;

/// <summary>How the time of layers is measured.</summary>
/// <param name="Threads">Threads of the runtime; 0 means all cores.</param>
/// <param name="Alignment">Widths are multiples of this; null measures which the runtime likes.</param>
/// <param name="CacheFolder">Keeps times between runs; null keeps nothing.</param>
/// <param name="Batch">Samples in a run.</param>
internal sealed record TimingOptions(int Threads, int? Alignment, string? CacheFolder, int Batch = 1);
