using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace OnnxCompress.MSBuild;

/// <summary>Runs the tool, hands its lines on in the caller's thread, and gives it time to clean up when the build is cancelled.</summary>
internal static class ToolProcess
{
    private const int UnwindMilliseconds = 5000;

    /// <summary>Runs until the process ended.</summary>
    /// <param name="start">What to start; its streams must be redirected.</param>
    /// <param name="firstLine">
    /// What it reads first from its input. The input then stays open for as long as this process lives: the system closes
    /// it however that ends, and the tool stops.
    /// </param>
    /// <param name="line">Takes each line and whether it came from stderr.</param>
    /// <param name="cancellation">Ends the process: on Unix by a signal that it can catch, then by force.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    public static int Run(ProcessStartInfo start, string firstLine, Action<string, bool> line, CancellationToken cancellation)
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
        start.RedirectStandardInput = true;
        _ = process.Start();
        Greet(process, firstLine);
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

    private static void Greet(Process process, string line)
    {
        try
        {
            // As bytes: .NET Framework would put a byte order mark before the text.
            var bytes = Encoding.ASCII.GetBytes(line + "\n");
            process.StandardInput.BaseStream.Write(bytes, 0, bytes.Length);
            process.StandardInput.BaseStream.Flush();
        }
        catch (IOException)
        {
            // It has ended already; its exit code says more.
        }
    }

    private static void End(Process process)
    {
        try
        {
            // Windows has no gentler way for a process without a window.
            if (Path.DirectorySeparatorChar == '/')
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
