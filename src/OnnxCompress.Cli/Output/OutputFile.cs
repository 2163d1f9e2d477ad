using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Cli.Output;

/// <summary>Checks before the work that its result can be written, and writes it.</summary>
internal static class OutputFile
{
    /// <summary>Refuses an output that could not, or should not, be written.</summary>
    /// <param name="path">Where the result is to go.</param>
    /// <param name="model">The model that is read; null when none is.</param>
    /// <param name="overwrite">Whether an existing file may be replaced.</param>
    /// <exception cref="OnnxCompressException">OCX8001 to OCX8004.</exception>
    public static void Check(string path, string? model, bool overwrite)
    {
        CheckPlace(path);
        if (model is not null && IsSameFile(path, model) && !overwrite)
        {
            throw new OnnxCompressException(DiagnosticCodes.OutputIsModel, $"'{path}' is the model itself; choose another name, or replace it with --overwrite.");
        }

        if (File.Exists(path) && !overwrite)
        {
            throw new OnnxCompressException(DiagnosticCodes.OutputExists, $"'{path}' exists; choose another name, or replace it with --overwrite.");
        }
    }

    /// <summary>Refuses a place where no file can be written.</summary>
    /// <exception cref="OnnxCompressException">OCX8001 or OCX8004.</exception>
    public static void CheckPlace(string path)
    {
        if (Directory.Exists(path) || Path.GetFileName(path).Length == 0)
        {
            throw new OnnxCompressException(DiagnosticCodes.OutputNotAFile, $"'{path}' is a folder; give the name of a file.");
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
        {
            throw new OnnxCompressException(DiagnosticCodes.OutputNotAFile, $"The folder of '{path}' does not exist; create it first.");
        }

        Write(path, () =>
        {
            using var files = new AtomicFiles();
            File.Create(files.Add(Path.GetFullPath(path))).Dispose();
        });
    }

    /// <summary>Whether two paths lead to the same file, also through links.</summary>
    public static bool IsSameFile(string first, string second) =>
        string.Equals(Resolve(first), Resolve(second), OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);

    /// <summary>Writes a text file, first beside its place and then renamed: nobody sees half of it.</summary>
    /// <exception cref="OnnxCompressException">OCX8004.</exception>
    public static void WriteText(string path, string text) => Write(path, () =>
    {
        using var files = new AtomicFiles();
        File.WriteAllText(files.Add(Path.GetFullPath(path)), text);
        files.Commit();
    });

    /// <summary>Writes, and says which file failed.</summary>
    /// <exception cref="OnnxCompressException">OCX8004.</exception>
    public static void Write(string path, Action write)
    {
        try
        {
            write();
        }
        // The last is what .NET makes of a file that is too large for its file system or for a quota.
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            throw new OnnxCompressException(DiagnosticCodes.CannotWrite, $"'{path}' cannot be written: {failure.Message}", failure);
        }
    }

    private static string Resolve(string path)
    {
        if (path.Length == 0)
        {
            return path;
        }

        try
        {
            return File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path) : Path.GetFullPath(path);
        }
        catch (IOException)
        {
            // A link that leads to itself is no other file; whoever opens it says what is wrong.
            return Path.GetFullPath(path);
        }
    }
}
