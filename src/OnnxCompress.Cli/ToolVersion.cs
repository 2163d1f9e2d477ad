using System.Reflection;

namespace OnnxCompress.Cli;

/// <summary>The version that reports carry.</summary>
internal static class ToolVersion
{
    /// <summary>For instance <c>1.0.0</c>, without the commit.</summary>
    public static string Text { get; } =
        typeof(ToolVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";
}
