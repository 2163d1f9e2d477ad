namespace OnnxCompress.Testing;

/// <summary>Whether tests can interrupt the programs they start.</summary>
public static class Interrupts
{
    /// <summary>Why a test is skipped where they cannot.</summary>
    public const string IgnoredReason = "The tests were started in the background, where Ctrl+C is ignored and every child inherits that.";

    /// <summary>Whether this process, and with it every child, ignores interrupts; false where the system does not say.</summary>
    public static bool AreIgnored() =>
        File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } line
        && (Convert.ToUInt64(line["SigIgn:".Length..].Trim(), 16) & 2) != 0;
}
