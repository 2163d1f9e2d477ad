using System.Diagnostics;
using System.Globalization;

namespace OnnxCompress.Benchmarks.Lapack;

/// <summary>A Python process that runs the same cases on numpy and scipy, one line a command.</summary>
internal sealed class LapackProcess : IDisposable
{
    private readonly Process _process;

    private LapackProcess(Process process, string greeting)
    {
        _process = process;
        Greeting = greeting;
    }

    /// <summary>What the other side said about itself.</summary>
    public string Greeting { get; }

    /// <summary>Starts the process, or says why it cannot.</summary>
    public static LapackProcess? Start(string python, string script, int threads, out string reason)
    {
        var start = new ProcessStartInfo(python, script) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["OPENBLAS_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
        start.Environment["OMP_NUM_THREADS"] = start.Environment["OPENBLAS_NUM_THREADS"];
        Process? process;
        try
        {
            process = Process.Start(start);
        }
        catch (System.ComponentModel.Win32Exception absent)
        {
            reason = $"{python} does not start: {absent.Message}";
            return null;
        }

        var greeting = process?.StandardOutput.ReadLine() ?? "no answer";
        if (!greeting.StartsWith("ready ", StringComparison.Ordinal))
        {
            process?.Dispose();
            reason = $"{python}: {greeting}";
            return null;
        }

        reason = "";
        return new(process!, greeting[6..]);
    }

    /// <summary>Sends a command and returns the answer.</summary>
    public string Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        return _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The Python side ended at '{command}'.");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit(5000);
        _process.Dispose();
    }
}
