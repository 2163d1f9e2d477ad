using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>A user's folder with projects that take the package from the only feed there is.</summary>
internal sealed class Consumer : IDisposable
{
    /// <summary>Options that compress the sample in about a second, without timing it.</summary>
    public const string Quick = """KeepMacs="0.7" Methods="id" Reconstruct="none" RunTarget="any" Data="Calibration/*.npy" Scale="0.00392156862745098" """;

    private readonly TemporaryFolder _folder = new();
    private readonly PackedPackages _packages;
    private int _logs;

    /// <summary>A folder with the sample model and a few samples.</summary>
    /// <param name="packages">The packages.</param>
    /// <param name="name">The project's folder.</param>
    public Consumer(PackedPackages packages, string name = "app")
    {
        _packages = packages;
        Root = Directory.CreateDirectory(Path.Combine(_folder.Root, name)).FullName;
        Write("../nuget.config", $"""<configuration><packageSources><clear /><add key="local" value="{packages.Feed}" /></packageSources></configuration>""");
        Directory.CreateDirectory(At("Models"));
        Directory.CreateDirectory(At("Calibration"));
        File.Copy(SampleFiles.Model, At("Models/glyphs.onnx"));
        File.WriteAllBytes(At("Calibration/few.npy"), SampleSlice.OfCalibration(64));
    }

    /// <summary>The project's folder.</summary>
    public string Root { get; }

    /// <summary>The user's cache, where the test has one: else builds neither leave results nor take them.</summary>
    public string? UserCache { get; set; }

    private (string Name, string Value)[] Environment => UserCache is { } cache ? [("XDG_CACHE_HOME", At(cache))] : [("OnnxCompressCacheMode", "off")];

    /// <summary>The bytes of the model before.</summary>
    public static long OriginalBytes => new FileInfo(SampleFiles.Model).Length;

    /// <summary>A path in the project.</summary>
    public string At(string path) => Path.GetFullPath(Path.Combine(Root, path));

    /// <summary>Writes a file of the project.</summary>
    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }

    /// <summary>Writes an app with items.</summary>
    public void WriteApp(string items, string properties = "", string frameworks = "<TargetFramework>net10.0</TargetFramework>", string name = "app.csproj")
    {
        Write(name, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>{frameworks}<OutputType>Exe</OutputType>{properties}</PropertyGroup>
              <ItemGroup>
                <PackageReference Include="OnnxCompress.MSBuild" Version="{PackedPackages.Version}" PrivateAssets="all" />
                {items}
              </ItemGroup>
            </Project>
            """);
        Write(Path.Combine(Path.GetDirectoryName(name)!, "Program.cs"), """
            var assembly = System.Reflection.Assembly.GetExecutingAssembly();
            foreach (var name in assembly.GetManifestResourceNames())
            {
                using var stream = assembly.GetManifestResourceStream(name);
                System.Console.WriteLine(name + " " + stream!.Length);
            }
            """);
    }

    /// <summary>Runs dotnet, with a log of the build.</summary>
    public BuildRun Run(params string[] args)
    {
        var log = Path.Combine(_folder.Root, $"{++_logs}.binlog");
        using var dotnet = DotNet.Start(Root, _packages.Restored, Environment, [.. args, "-nodeReuse:false", "-bl:" + log]);
        var (code, output) = dotnet.Wait();
        return new(code, output, log);
    }

    /// <summary>Builds and expects success.</summary>
    public BuildRun Build(params string[] args)
    {
        var run = Run(["build", .. args]);
        Assert.True(run.Code == 0, run.Output);
        return run;
    }

    /// <summary>Runs dotnet without a build.</summary>
    public DotNet Start(params string[] args) => DotNet.Start(Root, _packages.Restored, Environment, args);

    /// <summary>The bytes of a file in the project; -1 when it is absent.</summary>
    public long Length(string path) => new FileInfo(At(path)) is { Exists: true } file ? file.Length : -1;

    /// <summary>Everything below a folder that matches.</summary>
    public string[] Files(string pattern, string folder = ".") =>
        Directory.Exists(At(folder)) ? [.. Directory.GetFiles(At(folder), pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)] : [];

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();
}
