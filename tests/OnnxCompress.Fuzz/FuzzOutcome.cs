namespace OnnxCompress.Fuzz;

/// <summary>What became of one input.</summary>
/// <param name="Target">What read it.</param>
/// <param name="Refused">The diagnostic code it was refused with; empty when it was taken.</param>
/// <param name="Wrong">What must not happen: another exception, too much time or memory; null when all is well.</param>
/// <param name="Time">Processor time.</param>
/// <param name="Bytes">Managed memory that was allocated.</param>
internal sealed record FuzzOutcome(string Target, string Refused, string? Wrong, TimeSpan Time, long Bytes);
