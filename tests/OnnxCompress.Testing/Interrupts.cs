namespace OnnxCompress.Testing;

/// <summary>Whether tests can interrupt the programs they start.</summary>
public static class Interrupts
{
    /// <summary>Why a test is skipped where they cannot.</summary>
    public const string IgnoredReason = "The tests were started in the background, where Ctrl+C is ignored and every child inherits that.";

    /// <summary>Whether this process, and with it every child, ignores interrupts; false where the system does not say.</summary>
    /// <param name="signal">The signal's number.</param>
    public static bool AreIgnored(int signal = 2) =>
        File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } line
        && (Convert.ToUInt64(line["SigIgn:".Length..].Trim(), 16) & (1UL << (signal - 1))) != 0;
}
