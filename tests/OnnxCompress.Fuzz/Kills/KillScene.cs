using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Fuzz.Kills;

/// <summary>A command whose runs are killed, in a folder of its own.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Folder">Where it writes.</param>
/// <param name="Results">Files that it writes; models are known byte for byte; reports have times in them, and sums of floats can differ in their last bits, so that of those it is seen that they are whole.</param>
/// <param name="Prepare">Makes the folder ready for one of two variants.</param>
/// <param name="Arguments">The arguments of dotnet for a variant.</param>
internal sealed record KillScene(string Name, string Folder, string[] Results, Action<int> Prepare, Func<int, string[]> Arguments)
{
    private readonly Dictionary<string, string[]> _known = [];
    private string[] _names = [];

    /// <summary>How long a run takes that nobody disturbs.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>The variant that the next run writes.</summary>
    public int Next { get; set; }

    /// <summary>The environment of every process: temporary files lie where they are counted.</summary>
    public required string TemporaryFolder { get; init; }

    /// <summary>Runs both variants without a kill, and remembers what they write and how long they take.</summary>
    public void Learn()
    {
        foreach (var variant in (int[])[1, 0])
        {
            var time = Stopwatch.StartNew();
            RunWhole(variant);
            Duration = time.Elapsed;
            foreach (var result in Results)
            {
                var before = _known.GetValueOrDefault(result) ?? ["", ""];
                before[variant] = Hash(Path.Combine(Folder, result));
                _known[result] = before;
            }
        }

        _names = Names();
    }

    /// <summary>Runs a variant to its end.</summary>
    public void RunWhole(int variant)
    {
        Prepare(variant);
        using var process = Start(variant);
        var said = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{Name}: a run that nobody kills ends with {process.ExitCode}: {output} {said.Result}");
        }
    }

    /// <summary>Starts a variant.</summary>
    public Process Start(int variant)
    {
        var start = new ProcessStartInfo("dotnet", Arguments(variant)) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["TMPDIR"] = TemporaryFolder;
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        return Process.Start(start)!;
    }

    /// <summary>What is wrong with the results: each must be absent, or one that an undisturbed run writes.</summary>
    public IEnumerable<string> Broken() => Results.Where(result => File.Exists(Path.Combine(Folder, result)) && !IsWhole(result)).Select(result => $"{Name}: {result} is neither old nor new");

    /// <summary>What is wrong after an undisturbed run of a variant: another result, or something left behind.</summary>
    public IEnumerable<string> Wrong(int variant) =>
    [
        .. Results.Where(result => !File.Exists(Path.Combine(Folder, result)) || (IsExact(result) ? Hash(Path.Combine(Folder, result)) != _known[result][variant] : !IsWhole(result)))
            .Select(result => $"{Name}: {result} is not what an undisturbed run writes"),
        .. Names().Except(_names).Select(name => $"{Name}: {name} was left behind"),
    ];

    /// <summary>Whether something unfinished lies in the folder.</summary>
    public bool IsWriting() => Directory.EnumerateFiles(Folder, "*.tmp", SearchOption.AllDirectories).Any();

    private static bool IsExact(string result) => result.EndsWith(".onnx", StringComparison.Ordinal);

    private bool IsWhole(string result)
    {
        var path = Path.Combine(Folder, result);
        if (IsExact(result))
        {
            return _known[result].Contains(Hash(path));
        }

        try
        {
            if (result.EndsWith(".stats", StringComparison.Ordinal))
            {
                // A hash over the whole file is in it.
                return CalibrationStatistics.Load(path).Samples > 0;
            }

            using var whole = JsonDocument.Parse(File.ReadAllBytes(path));
            return true;
        }
        catch (Exception broken) when (broken is JsonException or OnnxCompressException)
        {
            return false;
        }
    }

    private string[] Names() => [.. Directory.EnumerateFileSystemEntries(Folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Folder, path))];

    private static string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
