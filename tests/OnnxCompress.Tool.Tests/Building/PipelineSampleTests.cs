using System.Text.RegularExpressions;
using System.Xml.Linq;
using OnnxCompress.Testing;
using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>The sample repository that takes everything from packages: what its pipelines and its image do runs as it stands.</summary>
public sealed partial class PipelineSampleTests(PackedPackages packages)
{
    private static readonly string Sample = RepositoryFiles.Path("samples", "Pipeline");

    private static readonly string Workflow = File.ReadAllText(Path.Combine(Sample, ".github", "workflows", "model.yml"));

    // Minutes of packing, restoring and compressing: run by name when the sample or the packages change.
    [Fact(Explicit = true)]
    public void The_steps_of_the_workflow_and_of_the_image_run_as_they_stand()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The steps are those of a shell.");
        using var folder = new TemporaryFolder();
        Copy(Sample, folder.Root);
        Directory.CreateDirectory(folder.File("models"));
        foreach (var name in new[] { "glyphs.onnx", "test.npy", "test_labels.npy" })
        {
            File.Copy(RepositoryFiles.Path("samples", "Glyphs", name), folder.File("models/" + name));
        }

        // Fewer samples, for the time it takes.
        folder.Write("models/calibration.npy", SampleSlice.OfCalibration(400));

        // ONNX Runtime comes from what this machine has restored; the rest from the packed feed.
        File.WriteAllText(folder.File("nuget.config"), $"""
            <configuration><packageSources><clear /><add key="onnxcompress" value="{packages.Feed}" /><add key="restored" value="{Restored}" /></packageSources></configuration>
            """);
        (int Code, string Output) Run(string command)
        {
            using var shell = DotNet.StartShell(
                folder.Root, packages.Restored, [("OnnxCompressCacheDir", folder.File(".cache/results")), ("GITHUB_STEP_SUMMARY", folder.File("summary.md")), ("OnnxCompressCacheMode", "readwrite")], command);
            return shell.Wait();
        }

        var outputs = Steps().Matches(Workflow).Select(step => step.Groups[1].Value).Select(step => (Step: step, Result: Run(step))).ToArray();
        var image = Run(Publish().Match(File.ReadAllText(Path.Combine(Sample, "Dockerfile"))).Value.Replace("/out", folder.File("image"), StringComparison.Ordinal));
        var app = Run("dotnet app/bin/Release/net10.0/app.dll models/test.npy");

        Assert.Equal(4, outputs.Length);
        Assert.All(outputs, output => Assert.True(output.Result.Code == 0, $"{output.Step}\n{output.Result.Output}"));
        Assert.Single(Taken().Matches(outputs[0].Result.Output));
        Assert.True(image.Code == 0, image.Output);
        Assert.True(app.Code == 0, app.Output);

        var original = new FileInfo(folder.File("models/glyphs.onnx")).Length;
        var shipped = new FileInfo(folder.File("image/models/glyphs.onnx")).Length;
        Assert.InRange(shipped, 1, original - 1);
        Assert.Single(Directory.GetFiles(folder.File("image"), "*.onnx", SearchOption.AllDirectories));
        Assert.Empty(Directory.GetFiles(folder.File("image"), "*OnnxCompress*", SearchOption.AllDirectories));
        Assert.Contains($"{shipped:N0} bytes of model", app.Output, StringComparison.Ordinal);
        Assert.InRange(new FileInfo(folder.File("published/glyphs.onnx")).Length, 1, original - 1);
        Assert.All(["glyphs.html", "glyphs.compress.json", "glyphs.verify.json", "glyphs.sha256"], name => Assert.True(File.Exists(folder.File("published/" + name)), name));
        Assert.StartsWith("# glyphs.onnx, compressed", File.ReadAllText(folder.File("summary.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Both_pipelines_do_the_same_and_keep_pull_requests_from_writing()
    {
        var azure = File.ReadAllText(Path.Combine(Sample, "azure-pipelines.yml"));
        var script = File.ReadAllText(Path.Combine(Sample, "release.ps1"));

        Assert.All(Steps().Matches(Workflow).Select(step => step.Groups[1].Value).Take(3), step => Assert.Contains($"- script: {step}\n", azure, StringComparison.Ordinal));
        Assert.Contains("github.event_name == 'pull_request' && 'read' || 'readwrite'", Workflow, StringComparison.Ordinal);
        Assert.Contains("eq(variables['Build.Reason'], 'PullRequest') }}:\n    OnnxCompressCacheMode: read\n", azure, StringComparison.Ordinal);

        // The shell's script and PowerShell's pass the tool the same options.
        string[] Options(string text) => [.. Option().Matches(text).Select(match => match.Value).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(Options(File.ReadAllText(Path.Combine(Sample, "release.sh"))), Options(script));
    }

    [Fact]
    public void Versions_in_the_sample_are_those_of_the_repository()
    {
        var central = XDocument.Load(RepositoryFiles.Path("Directory.Packages.props")).Descendants("PackageVersion")
            .Single(package => (string?)package.Attribute("Include") == "Microsoft.ML.OnnxRuntime").Attribute("Version")!.Value;
        var used = XDocument.Load(Path.Combine(Sample, "Directory.Build.props")).Descendants("PackageReference")
            .ToDictionary(package => package.Attribute("Include")!.Value, package => package.Attribute("Version")!.Value);

        Assert.Equal(new() { ["OnnxCompress.MSBuild"] = PackedPackages.Version, ["Microsoft.ML.OnnxRuntime"] = central }, used);
        Assert.Contains($"\"version\": \"{PackedPackages.Version}\"", File.ReadAllText(Path.Combine(Sample, ".config", "dotnet-tools.json")), StringComparison.Ordinal);
    }

    private static string Restored => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
        ? named : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(from, file);
            if (!name.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "packages" or "published" or ".cache"))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(to, name))!);
                File.Copy(file, Path.Combine(to, name), overwrite: true);
            }
        }
    }

    [GeneratedRegex(@"^ +- run: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Steps();

    [GeneratedRegex("dotnet publish .*$", RegexOptions.Multiline)]
    private static partial Regex Publish();

    [GeneratedRegex("from the cache")]
    private static partial Regex Taken();

    [GeneratedRegex(@"--[a-z]+(?:-[a-z]+)*(?: 0\.98)?")]
    private static partial Regex Option();
}
