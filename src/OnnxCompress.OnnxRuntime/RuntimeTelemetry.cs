using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace OnnxCompress.OnnxRuntime;

/// <summary>
/// Turns off what ONNX Runtime's official builds send to their maker: on Linux and macOS these hold a client that reports sessions
/// over the network (names and hashes of graphs among it) and keeps files in the temporary folder, unless a variable that the
/// library reads while it is loaded says otherwise.
/// </summary>
internal static partial class RuntimeTelemetry
{
    private const string Variable = "ORT_DISABLE_TELEMETRY";

    private static readonly Lazy<bool> Off = new(TurnOff);

    /// <summary>Called before anything else of the runtime; in an app that loaded it earlier only events to come are stopped.</summary>
    public static bool IsOff => Off.Value;

    private static bool TurnOff()
    {
        Environment.SetEnvironmentVariable(Variable, "1");
        if (!OperatingSystem.IsWindows())
        {
            // What .NET sets is seen by .NET alone.
            _ = SetVariable(Variable, "1", 1);
        }

        OrtEnv.Instance().DisableTelemetryEvents();
        return true;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
