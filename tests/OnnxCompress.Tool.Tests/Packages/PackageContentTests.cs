using System.Text.Json;
using System.Text.RegularExpressions;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>What packages carry, and what they leave out.</summary>
public sealed partial class PackageContentTests(PackedPackages packages)
{
    private const string Portable = "tools/net10.0/any/";

    // Of the largest, which holds the libraries of five platforms: 47 MB today.
    private const long LargestPackage = 60_000_000;

    // 17 MB today.
    private const long LargestForOnePlatform = 22_000_000;

    private static readonly string[] EveryNative =
    [
        "linux-arm64/native/libonnxruntime.so", "linux-x64/native/libonnxruntime.so", "osx-arm64/native/libonnxruntime.dylib",
        "win-arm64/native/onnxruntime.dll", "win-x64/native/onnxruntime.dll",
    ];

    [Theory]
    [InlineData("dotnet-onnx-compress.any")]
    [InlineData("OnnxCompress.MSBuild")]
    public void A_portable_package_carries_exactly_one_native_library_for_each_platform(string id)
    {
        var file = packages.Package(id);

        using var package = new PackedFiles(file);

        Assert.Equal(EveryNative.Select(name => Portable + "runtimes/" + name), package.Natives);
        Assert.InRange(file.Length, 1, LargestPackage);
    }

    [Fact]
    public void A_platforms_package_carries_that_platforms_native_library_alone()
    {
        Assert.SkipWhen(packages.Platform is null, "The tool has no package of its own for this platform.");
        var file = packages.Package("dotnet-onnx-compress." + packages.Platform);

        using var package = new PackedFiles(file);

        Assert.Contains("onnxruntime", Path.GetFileName(Assert.Single(package.Natives)), StringComparison.Ordinal);
        Assert.InRange(file.Length, 1, LargestForOnePlatform);
    }

    [Fact]
    public void The_pointer_carries_no_library()
    {
        using var package = new PackedFiles(packages.Package("dotnet-onnx-compress"));

        Assert.DoesNotContain(package.Names, name => Path.GetExtension(name) == ".dll");
        Assert.Contains("RuntimeIdentifier=\"any\"", package.Text("tools/any/any/DotnetToolSettings.xml"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_packed_that_cannot_run()
    {
        var tools = packages.All.Where(file => !file.Name.StartsWith("OnnxCompress.", StringComparison.Ordinal) || file.Name.StartsWith("OnnxCompress.MSBuild", StringComparison.Ordinal));

        var useless = tools.SelectMany(file => NamesIn(file).Where(IsUseless).Select(name => file.Name + ": " + name));

        Assert.Empty(useless);
    }

    [Theory]
    [InlineData("dotnet-onnx-compress.any")]
    [InlineData("OnnxCompress.MSBuild")]
    public void Code_of_others_comes_with_its_notices(string id)
    {
        using var package = new PackedFiles(packages.Package(id));
        using var dependencies = JsonDocument.Parse(package.Bytes(Portable + "dotnet-onnx-compress.deps.json"));
        var others = dependencies.RootElement.GetProperty("libraries").EnumerateObject()
            .Where(library => library.Value.GetProperty("type").GetString() == "package")
            .Select(library => library.Name.Split('/')[0]).ToArray();

        var notices = package.Text("THIRD-PARTY-NOTICES.txt");

        Assert.Contains("ILGPU", others);
        Assert.All(others, name => Assert.Contains(name, notices, StringComparison.Ordinal));
        Assert.Equal(notices, package.Text(Portable + "THIRD-PARTY-NOTICES.txt"));
        Assert.True(package.Bytes(Portable + "notices/Microsoft.ML.OnnxRuntime/ThirdPartyNotices.txt").Length > 100_000, "ONNX Runtime's own notices are a long list.");
        Assert.Contains(Portable + "notices/Microsoft.ML.OnnxRuntime/LICENSE", package.Names);
        Assert.Contains(Portable + "notices/ILGPU/LICENSE-3RD-PARTY.txt", package.Names);
        Assert.Contains(Portable + "notices/System.Numerics.Tensors/THIRD-PARTY-NOTICES.TXT", package.Names);
    }

    [Theory]
    [InlineData("OnnxCompress", "Google.Protobuf;OnnxCompress.Numerics")]
    [InlineData("OnnxCompress.Numerics", "")]
    [InlineData("OnnxCompress.Numerics.Ilgpu", "ILGPU;OnnxCompress.Numerics")]
    [InlineData("OnnxCompress.OnnxRuntime", "Microsoft.ML.OnnxRuntime;OnnxCompress")]
    public void A_library_is_packed_with_its_documentation_its_symbols_and_what_it_needs(string id, string needs)
    {
        using var package = new PackedFiles(packages.Package(id));
        using var symbols = new PackedFiles(new(Path.ChangeExtension(packages.Package(id).FullName, ".snupkg")));

        var specification = package.Text(id + ".nuspec");

        Assert.Contains("lib/net10.0/" + id + ".dll", package.Names);
        Assert.Contains("lib/net10.0/" + id + ".xml", package.Names);
        Assert.Contains("lib/net10.0/" + id + ".pdb", symbols.Names);
        Assert.All(needs.Split(';', StringSplitOptions.RemoveEmptyEntries), need => Assert.Contains($"<dependency id=\"{need}\"", specification, StringComparison.Ordinal));
        Assert.DoesNotContain("Grpc.Tools", specification, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_package_says_what_it_is()
    {
        var missing = packages.All.Where(file => file.Extension == ".nupkg").SelectMany(MissingIn);

        Assert.Empty(missing);
    }

    private static IEnumerable<string> MissingIn(FileInfo file)
    {
        using var package = new PackedFiles(file);
        var specification = package.Text(package.Names.Single(name => Path.GetExtension(name) == ".nuspec"));
        string[] wanted = ["<license type=\"expression\">MIT</license>", "<readme>README.md</readme>", "<icon>icon.png</icon>", "<tags>onnx ", "<description>", "<releaseNotes>", "<copyright>Copyright"];
        return [
            .. wanted.Where(text => !specification.Contains(text, StringComparison.Ordinal)).Select(text => file.Name + " lacks " + text),
            .. new[] { "README.md", "CHANGELOG.md", "icon.png", "LICENSE" }.Except(package.Names).Select(name => file.Name + " lacks the file " + name),
            .. RelativeLink().Matches(package.Text("README.md")).Select(link => file.Name + " links to " + link.Value),
        ];
    }

    /// <summary>A link that leads nowhere once the text stands in a gallery.</summary>
    [GeneratedRegex(@"\]\((?!https://|#)[^)]*\)")]
    private static partial Regex RelativeLink();

    private static string[] NamesIn(FileInfo file)
    {
        using var package = new PackedFiles(file);
        return package.Names;
    }

    // The two that are XML on purpose: the archive's own table, and what dotnet reads of a tool.
    private static bool IsUseless(string name) =>
        name is not "[Content_Types].xml" && Path.GetFileName(name) is not "DotnetToolSettings.xml"
        && Path.GetExtension(name) is ".aar" or ".zip" or ".lib" or ".pdb" or ".xml" or ".a" or ".h";
}
