using System.Diagnostics;
using System.Net.Sockets;

namespace OnnxCompress.Testing;

/// <summary>Files that are no files, made in folders of the tests' own.</summary>
public static class SpecialFiles
{
    /// <summary>Makes a FIFO.</summary>
    public static string Fifo(string path)
    {
        using var process = Process.Start("mkfifo", [path])!;
        process.WaitForExit();
        return process.ExitCode == 0 ? path : throw new InvalidOperationException($"mkfifo ended with {process.ExitCode}.");
    }

    /// <summary>Makes a socket that somebody listens on.</summary>
    public static Socket Socket(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    /// <summary>Gives a file a second name.</summary>
    public static string HardLink(string file, string name)
    {
        using var process = Process.Start("ln", [file, name])!;
        process.WaitForExit();
        return process.ExitCode == 0 ? name : throw new InvalidOperationException($"ln ended with {process.ExitCode}.");
    }
}
