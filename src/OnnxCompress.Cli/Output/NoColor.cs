namespace OnnxCompress.Cli.Output;

/// <summary>The wish for output without colours, as no-color.org states it.</summary>
internal static class NoColor
{
    /// <summary>Whether NO_COLOR is set to anything.</summary>
    public static bool IsSet => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
}
