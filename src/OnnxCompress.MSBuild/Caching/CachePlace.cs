using System.Runtime.InteropServices;

namespace OnnxCompress.MSBuild;

/// <summary>Where the cache of results lies.</summary>
internal static class CachePlace
{
    private const string None = "none";

    /// <summary>The folder that a project names, or the one below the user's cache.</summary>
    /// <param name="projectFolder">What a relative path is relative to.</param>
    /// <param name="named">What <c>OnnxCompressCacheDir</c> says.</param>
    /// <returns>In full; null for no cache: it is <c>none</c>, or the user has no such place.</returns>
    public static string? Find(string projectFolder, string? named) =>
        string.IsNullOrWhiteSpace(named) ? OfUser()
        : named!.Trim().TrimEnd('/', '\\') == None ? null
        : BuildPaths.Full(projectFolder, named.Trim());

    // Beside what the command line keeps there.
    private static string? OfUser()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.DirectorySeparatorChar == '\\' ? Under(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData))
            : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? Under(home, "Library", "Caches")
            : Under(Environment.GetEnvironmentVariable("XDG_CACHE_HOME")) ?? Under(home, ".cache");
    }

    // Relative paths would mean another folder for each place the build is started in.
    private static string? Under(string? folder, params string[] parts) =>
        string.IsNullOrEmpty(folder) || !Path.IsPathRooted(folder) ? null : Path.Combine([folder!, .. parts, "onnx-compress", "results"]);
}
