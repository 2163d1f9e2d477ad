using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Microsoft.ML.OnnxRuntime;

/// <summary>
/// Finds the native library under <c>runtimes/&lt;rid&gt;/native</c> beside this assembly. The host only probes that
/// folder for libraries that came from a NuGet package; here they come from npm.
/// </summary>
internal static class NativeLibraryLocator
{
    [ModuleInitializer]
    internal static void Register() =>
        AssemblyLoadContext.GetLoadContext(typeof(NativeLibraryLocator).Assembly)!.ResolvingUnmanagedDll += Resolve;

    private static nint Resolve(Assembly requester, string name)
    {
        if (requester != typeof(NativeLibraryLocator).Assembly)
        {
            return 0;
        }

        var (system, prefix, extension) =
            OperatingSystem.IsWindows() ? ("win", "", ".dll") :
            OperatingSystem.IsMacOS() ? ("osx", "lib", ".dylib") : ("linux", "lib", ".so");
        var architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        var bare = Path.GetFileNameWithoutExtension(name);
        var file = (bare.StartsWith("lib", StringComparison.Ordinal) ? bare : prefix + bare) + extension;
        var path = Path.Combine(AppContext.BaseDirectory, "runtimes", $"{system}-{architecture}", "native", file);
        return NativeLibrary.TryLoad(path, out var handle) ? handle : 0;
    }
}
