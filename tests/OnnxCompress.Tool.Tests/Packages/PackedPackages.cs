using OnnxCompress.Testing;

[assembly: AssemblyFixture(typeof(OnnxCompress.Tool.Tests.Packages.PackedPackages))]

// A build of one small project keeps one core busy; more than two at a time only wait for each other.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>All packages, packed once, in a feed of their own; nothing is ever restored from anywhere else.</summary>
public sealed class PackedPackages : IDisposable
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private readonly TemporaryFolder _folder = new();

    /// <summary>Packs.</summary>
    public PackedPackages()
    {
        // The tool is compiled ahead for this platform, so it is built for it; everything else was built before the tests.
        Pack(RepositoryFiles.Path("src", "OnnxCompress.Cli", "OnnxCompress.Cli.csproj"), "-p:PackTool=here", "-p:BuildProjectReferences=false", "-p:RunAnalyzers=false");
        Pack(RepositoryFiles.Path("OnnxCompressTool.sln"), "-p:PackTool=none", "--no-build");
    }

    /// <summary>The version of all packages.</summary>
    public static string Version => "1.0.0";

    /// <summary>The only feed.</summary>
    public string Feed => _folder.File("feed");

    /// <summary>Where restored packages lie, for all tests.</summary>
    public string Restored => _folder.File("restored");

    /// <summary>This platform, as packages name it; null when the tool has no package for it.</summary>
    public string? Platform => new[] { "linux-x64", "linux-arm64", "win-x64", "osx-arm64" }.FirstOrDefault(platform => Package("dotnet-onnx-compress." + platform).Exists);

    /// <summary>Everything in the feed.</summary>
    public FileInfo[] All => new DirectoryInfo(Feed).GetFiles("*nupkg");

    /// <summary>A package's file.</summary>
    public FileInfo Package(string id) => new(Path.Combine(Feed, $"{id}.{Version}.nupkg"));

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    private void Pack(string project, params string[] args)
    {
        using var dotnet = DotNet.Start(RepositoryFiles.Root, null, ["pack", project, "-c", Configuration, "-o", Feed, "--nologo", "-v", "q", "-nodeReuse:false", .. args]);
        var pack = dotnet.Wait();
        Assert.True(pack.Code == 0, pack.Output);
    }
}
