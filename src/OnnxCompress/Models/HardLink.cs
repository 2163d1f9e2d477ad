using System.Runtime.InteropServices;

namespace OnnxCompress.Models;

/// <summary>Second names of files.</summary>
internal static partial class HardLink
{
    /// <summary>Gives a file a second name; copies it where the file system knows no second names.</summary>
    /// <exception cref="IOException">Neither can be done.</exception>
    public static void Create(string file, string name)
    {
        var isLinked = OperatingSystem.IsWindows() ? CreateHardLink(name, file, 0) : link(file, name) == 0;
        if (!isLinked)
        {
            File.Copy(file, name, overwrite: true);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int link(string file, string name);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string name, string file, nint security);
}
