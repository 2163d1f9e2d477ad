using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>What is kept between runs, and in memory.</summary>
internal sealed class CacheOptions
{
    private const string Name = "onnx-compress";

    private readonly Option<string?> _folder = OptionFactory.Text(
        "--cache-dir", "DIR|none", "Keeps statistics and times of nodes there between runs. Default: the user's cache folder.", "none");

    private readonly Option<string?> _memory = OptionFactory.Text(
        "--memory", "SIZE", "Activations beyond this go to temporary files, for instance 512M or 4G. Default: 256M.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_folder);
        command.Options.Add(_memory);
    }

    /// <summary>Fills in what the options say.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011.</exception>
    public CompressionOptions Apply(ParseResult parsed, CompressionOptions options) => options with
    {
        CacheFolder = parsed.GetValue(_folder) switch
        {
            "none" => null,
            { } nothing when string.IsNullOrWhiteSpace(nothing) => throw Usage.Invalid("--cache-dir", nothing, "a folder or none"),
            { } folder => Path.GetFullPath(folder),
            null => UserFolder(),
        },
        MemoryBytes = parsed.GetValue(_memory) is { } size ? OptionText.Size("--memory", size) : options.MemoryBytes,
    };

    /// <summary>Where the system keeps what can be made again; null where the user has no such place.</summary>
    private static string? UserFolder()
    {
        string? Under(string? folder, params string[] parts) => folder is null || !Path.IsPathFullyQualified(folder) ? null : Path.Combine([folder, .. parts, Name]);
        // The XDG specification wants relative paths ignored: they would mean another folder for each place the tool is started in.
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return OperatingSystem.IsWindows() ? Under(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData))
            : OperatingSystem.IsMacOS() ? Under(home, "Library", "Caches")
            : Under(Environment.GetEnvironmentVariable("XDG_CACHE_HOME")) ?? Under(home, ".cache");
    }
}
