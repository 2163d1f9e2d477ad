using System.Diagnostics;
using System.Globalization;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>Runs of the tool that builds of a consumer started, found through /proc.</summary>
internal static class ToolProcesses
{
    /// <summary>Their numbers.</summary>
    public static int[] Of(Consumer consumer) =>
    [
        .. Directory.GetDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => int.TryParse(name, out _))
            .Where(name => CommandLine(name).Contains("@" + consumer.At("obj"), StringComparison.Ordinal)).Select(name => int.Parse(name, CultureInfo.InvariantCulture)),
    ];

    /// <summary>Sends a signal to one process.</summary>
    public static void Signal(string signal, int process)
    {
        using var kill = Process.Start("kill", [signal, process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
