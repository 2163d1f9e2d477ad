using System.Runtime.InteropServices;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli;

/// <summary>Tells a machine that the tool has no native libraries for from a defect of the tool.</summary>
internal static class NativeLibraries
{
    /// <summary>What the packages carry ONNX Runtime for.</summary>
    public static IReadOnlyList<string> Platforms { get; } = ["linux-x64", "linux-arm64", "win-x64", "win-arm64", "osx-arm64"];

    /// <summary>What to say where a native library could not be loaded; null for any other failure.</summary>
    /// <param name="failure">What was thrown; static constructors wrap it.</param>
    /// <param name="platform">The machine, as .NET names it; null: this one.</param>
    public static Diagnostic? Absent(Exception failure, string? platform = null)
    {
        var cause = failure;
        while (cause is not (null or DllNotFoundException or BadImageFormatException))
        {
            cause = cause.InnerException;
        }

        if (cause is null)
        {
            return null;
        }

        platform ??= RuntimeInformation.RuntimeIdentifier;
        var where = Platforms.Contains(platform)
            ? $"This is {platform}, which is supported: a library of the system that it needs is missing, or the tool's files are not complete"
            : $"This is {platform}; supported are {string.Join(", ", Platforms)} (on Linux with glibc, so not Alpine)";
        return new(
            DiagnosticCodes.NativeLibraryAbsent,
            Severity.Error,
            $"A native library cannot be loaded. {where}. Run this step on a supported machine and take its result from there; in a build keep OnnxCompressCacheDir from such a machine, "
            + $"or ship the original with OnnxCompressEnabled=false. The system says: {cause.Message}");
    }
}
