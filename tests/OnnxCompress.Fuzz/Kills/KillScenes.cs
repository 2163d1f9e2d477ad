using OnnxCompress.Testing;

namespace OnnxCompress.Fuzz.Kills;

/// <summary>The commands that write files, and a build of a project, each in two variants.</summary>
internal static class KillScenes
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private static readonly string Tool = Path.Combine(AppContext.BaseDirectory, "dotnet-onnx-compress.dll");

    private static readonly string[] Data = ["-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale];

    /// <summary>Makes their folders.</summary>
    /// <param name="root">Where.</param>
    /// <param name="names">Which of them; none: all.</param>
    public static KillScene[] Create(string root, IReadOnlyCollection<string> names)
    {
        var temporary = Directory.CreateDirectory(Path.Combine(root, "tmp")).FullName;
        var scenes = new Dictionary<string, Func<string, KillScene>>
        {
            ["compress"] = folder => Verb("compress", folder, temporary, ["out.onnx", "report.json", "plan.json"], variant =>
            [
                "compress", SampleFiles.Model, "-o", "out.onnx", "--report", "report.json", "--save-plan", "plan.json", .. Data, "--samples", "200",
                "--keep-macs", variant == 0 ? "0.7" : "0.5", "--methods", "id", "--reconstruct", "none", "--cache-dir", "none",
            ]),
            ["calibrate"] = folder => Verb("calibrate", folder, temporary, ["model.stats"], variant =>
                ["calibrate", SampleFiles.Model, "-o", "model.stats", .. Data, "--samples", variant == 0 ? "100" : "200"]),
            ["merge"] = folder => Merge(folder, temporary),
            ["explore"] = folder => Verb("explore", folder, temporary, ["frontier.json"], variant =>
            [
                "explore", SampleFiles.Model, "-o", "frontier.json", "--precision", "float", .. Data, "--samples", variant == 0 ? "50" : "100", "--methods", "id", "--reconstruct", "none", "--trials", "1",
            ]),
            ["build"] = folder => Build(folder, temporary),
        };
        return [.. scenes.Where(scene => names.Count == 0 || names.Contains(scene.Key)).Select(scene => scene.Value(Directory.CreateDirectory(Path.Combine(root, scene.Key)).FullName))];
    }

    private static KillScene Verb(string name, string folder, string temporary, string[] results, Func<int, string[]> arguments) =>
        new(name, folder, results, _ => { }, variant => [Tool, .. arguments(variant), "--overwrite", "--quiet"]) { TemporaryFolder = temporary };

    private static KillScene Merge(string folder, string temporary)
    {
        foreach (var (name, samples) in (ReadOnlySpan<(string, string)>)[("a.stats", "100"), ("b.stats", "150"), ("c.stats", "200")])
        {
            Verb("calibrate", folder, temporary, [], _ => ["calibrate", SampleFiles.Model, "-o", name, .. Data, "--samples", samples]).RunWhole(0);
        }

        return Verb("merge", folder, temporary, ["sum.stats"], variant => ["merge", "a.stats", variant == 0 ? "b.stats" : "c.stats", "-o", "sum.stats"]);
    }

    // The variants are two models whose results have the same length.
    private static KillScene Build(string folder, string temporary)
    {
        string Source(params string[] parts) => RepositoryFiles.Path(["src", "OnnxCompress.MSBuild", .. parts]);
        File.WriteAllText(Path.Combine(folder, "app.proj"), $"""
            <Project DefaultTargets="Ship">
              <PropertyGroup>
                <BaseIntermediateOutputPath>obj/</BaseIntermediateOutputPath><IntermediateOutputPath>obj/Release/</IntermediateOutputPath><BuildingProject>true</BuildingProject>
                <OnnxCompressTaskAssembly>{Source("bin", Configuration, "netstandard2.0", "OnnxCompress.MSBuild.dll")}</OnnxCompressTaskAssembly>
                <OnnxCompressToolPath>{Tool}</OnnxCompressToolPath>
              </PropertyGroup>
              <Import Project="{Source("build", "OnnxCompress.MSBuild.props")}" />
              <ItemGroup>
                <OnnxModel Include="model.onnx" KeepMacs="0.7" Methods="id" Reconstruct="none" Samples="100" CacheDir="none" Data="{SampleFiles.Calibration}" Scale="{SampleFiles.Scale}" />
              </ItemGroup>
              <Import Project="{Source("build", "OnnxCompress.MSBuild.targets")}" />
              <Target Name="Ship" DependsOnTargets="CompressOnnxModels;AddOnnxModelItems"><Copy SourceFiles="@(OnnxCompressedModel)" DestinationFolder="bin" SkipUnchangedFiles="true" /></Target>
            </Project>
            """);
        return new("build", folder, ["bin/model.onnx"], variant => WriteModel(Path.Combine(folder, "model.onnx"), variant), _ => ["msbuild", "app.proj", "-nologo", "-v:m", "-nodeReuse:false", "-m:1"])
        {
            TemporaryFolder = temporary,
        };
    }

    private static void WriteModel(string path, int variant)
    {
        var bytes = File.ReadAllBytes(SampleFiles.Model);
        for (var i = 0; variant == 1 && i < 400; i += 4)
        {
            bytes[(bytes.Length / 2) + i] ^= 0x40;
        }

        File.WriteAllBytes(path, bytes);
    }
}
