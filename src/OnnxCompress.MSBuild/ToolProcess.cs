using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace OnnxCompress.MSBuild;

/// <summary>Runs the tool, hands its lines on in the caller's thread, and gives it time to clean up when the build is cancelled.</summary>
internal static class ToolProcess
{
    private const int UnwindMilliseconds = 5000;

    /// <summary>Runs until the process ended.</summary>
    /// <param name="start">What to start; its streams must be redirected.</param>
    /// <param name="line">Takes each line and whether it came from stderr.</param>
    /// <param name="cancellation">Ends the process: on Unix by a signal that it can catch, then by force.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    public static int Run(ProcessStartInfo start, Action<string, bool> line, CancellationToken cancellation)
    {
        using var lines = new BlockingCollection<(string Text, bool IsError)>();
        using var process = new Process { StartInfo = start };
        var open = 2;
        void Take(string? text, bool isError)
        {
            if (text is not null)
            {
                lines.Add((text, isError), CancellationToken.None);
            }
            else if (Interlocked.Decrement(ref open) == 0)
            {
                lines.CompleteAdding();
            }
        }

        process.OutputDataReceived += (_, data) => Take(data.Data, false);
        process.ErrorDataReceived += (_, data) => Take(data.Data, true);
        _ = process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using (cancellation.Register(() => End(process)))
        {
            foreach (var (text, isError) in lines.GetConsumingEnumerable(CancellationToken.None))
            {
                line(text, isError);
            }

            process.WaitForExit();
        }

        return process.ExitCode;
    }

    private static void End(Process process)
    {
        try
        {
            // Windows has no gentler way for a process without a window.
            if (System.IO.Path.DirectorySeparatorChar == '/')
            {
                using var kill = Process.Start(new ProcessStartInfo("kill", FormattableString.Invariant($"-TERM {process.Id}")) { UseShellExecute = false });
                if (process.WaitForExit(UnwindMilliseconds))
                {
                    return;
                }
            }

            process.Kill();
        }
        catch (Exception gone) when (gone is InvalidOperationException or Win32Exception)
        {
            // It ended by itself.
        }
    }
}
