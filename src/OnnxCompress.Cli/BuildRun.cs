using System.CommandLine;
using System.Text;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli;

/// <summary>
/// A run that a build started. It keeps the build's run file locked for as long as the process lives, so that no other run
/// writes into the folder; it goes on only while the file names it; and it stops when the build is gone, which closes its
/// standard input however it ends.
/// </summary>
internal sealed class BuildRun : IDisposable
{
    private const int Pause = 100;
    private const int LongestName = 64;

    // Native code does not look up: what has not unwound by then ends as it is.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop;
    private FileStream? _file;
    private volatile bool _isOver;

    private BuildRun(CancellationTokenSource stop) => _stop = stop;

    /// <summary>The hidden option <c>--build-run FILE</c>. Only the build passes it; its first line of input is the run's name.</summary>
    public static Option<string?> CreateOption() => new("--build-run") { Hidden = true, Recursive = true };

    /// <summary>Begins.</summary>
    /// <param name="file">The build's run file.</param>
    /// <param name="input">Where the run's name comes from, and then nothing until the build is gone.</param>
    /// <param name="error">Where a wait is told.</param>
    /// <param name="stop">Cancelled when the build is gone.</param>
    /// <exception cref="OperationCanceledException">The build is gone, or has begun another run since.</exception>
    /// <exception cref="OnnxCompressException">OCX9024: another run does not end; OCX8004: the file cannot be opened.</exception>
    public static BuildRun Begin(string file, Stream input, TextWriter error, CancellationTokenSource stop)
    {
        var name = ReadName(input);
        var run = new BuildRun(stop);
        try
        {
            new Thread(() => run.Watch(input)) { IsBackground = true, Name = "build watch" }.Start();
            run._file = run.Lock(file, error);
            if (name.Length == 0 || run.CurrentName() != name)
            {
                throw new OperationCanceledException("The build has begun another run since.");
            }

            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _isOver = true;
        _file?.Dispose();
    }

    private static string ReadName(Stream input)
    {
        var name = new StringBuilder();
        for (var next = input.ReadByte(); next != '\n'; next = input.ReadByte())
        {
            if (next < 0 || name.Length == LongestName)
            {
                throw new OperationCanceledException("The build that began this run is gone.");
            }

            _ = name.Append((char)next);
        }

        return name.ToString().Trim();
    }

    private void Watch(Stream input)
    {
        try
        {
            while (input.ReadByte() >= 0)
            {
                // Nothing more is said.
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // As good as an end.
        }

        if (_isOver)
        {
            return;
        }

        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        Thread.Sleep(Grace);
        if (!_isOver)
        {
#pragma warning disable RS0030 // Work that does not hear its cancellation would go on without its build.
            Environment.Exit(ExitCodes.Cancelled);
#pragma warning restore RS0030
        }
    }

    private FileStream Lock(string path, TextWriter error)
    {
        var until = Environment.TickCount64 + (long)LongestWait.TotalMilliseconds;
        for (var waited = false; ; waited = true)
        {
            _stop.Token.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            }
            catch (Exception failure) when (failure is UnauthorizedAccessException || (failure is IOException io && !IsTaken(io)))
            {
                throw new OnnxCompressException(DiagnosticCodes.CannotWrite, $"'{path}' cannot be opened: {failure.Message}", failure);
            }
            catch (IOException) when (Environment.TickCount64 > until)
            {
                throw new OnnxCompressException(DiagnosticCodes.BuildFolderBusy, $"Another run has held '{path}' for {LongestWait.TotalSeconds:F0} s; end it, and build again.");
            }
            catch (IOException)
            {
                if (!waited)
                {
                    error.WriteLine($"waiting for another run that holds {path}");
                }

                Thread.Sleep(Pause);
            }
        }
    }

    // Sharing and lock violation on Windows; EAGAIN on Linux and on macOS.
    private static bool IsTaken(IOException failure) => OperatingSystem.IsWindows() ? (failure.HResult & 0xffff) is 32 or 33 : failure.HResult is 11 or 35;

    private string CurrentName()
    {
        var bytes = new byte[LongestName];
        return Encoding.ASCII.GetString(bytes, 0, _file!.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)).Trim();
    }
}
