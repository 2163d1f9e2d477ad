using System.Runtime.CompilerServices;

namespace OnnxCompress.Cli.Tests;

/// <summary>Runs of the tool in tests leave nothing in the cache of whoever runs them.</summary>
internal static class CacheOfTests
{
    [ModuleInitializer]
    internal static void Redirect() =>
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", Path.Combine(Path.GetTempPath(), $"onnx-compress-tests-{Environment.ProcessId}"));
}
