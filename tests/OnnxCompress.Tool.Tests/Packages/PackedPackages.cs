using OnnxCompress.Testing;

[assembly: AssemblyFixture(typeof(OnnxCompress.Tool.Tests.Packages.PackedPackages))]

// Every test starts builds that use all cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>Both packages, packed once, in a feed of their own; nothing is ever restored from anywhere else.</summary>
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
        foreach (var project in new[] { "OnnxCompress.Cli", "OnnxCompress.MSBuild" })
        {
            using var dotnet = DotNet.Start(
                RepositoryFiles.Root,
                null,
                ["pack", RepositoryFiles.Path("src", project, project + ".csproj"), "-c", Configuration, "--no-build", "-o", Feed, "--nologo", "-v", "q", "-nodeReuse:false"]);
            var pack = dotnet.Wait();
            Assert.True(pack.Code == 0, pack.Output);
        }
    }

    /// <summary>The version of both packages.</summary>
    public static string Version => "1.0.0";

    /// <summary>The only feed.</summary>
    public string Feed => _folder.File("feed");

    /// <summary>Where restored packages lie, for all tests.</summary>
    public string Restored => _folder.File("restored");

    /// <summary>A package's file.</summary>
    public FileInfo Package(string id) => new(Path.Combine(Feed, $"{id}.{Version}.nupkg"));

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();
}
