using System.Reflection.Metadata;
using System.Text;
using System.Text.RegularExpressions;
using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>Packages say nothing about the machine they were built on, and name no host that whoever publishes them did not give.</summary>
public sealed partial class PackageOriginTests(PackedPackages packages)
{
    // Names that look like addresses; nothing is ever fetched from them.
    private static readonly string[] Allowed =
    [
        "schemas.microsoft.com", // Namespace of package specifications.
        "schemas.openxmlformats.org", "purl.org", "www.w3.org", // Namespaces of the archive's own parts.
        "licenses.nuget.org", // What NuGet writes for a licence's identifier.
    ];

    [Fact]
    public void No_package_names_a_host()
    {
        var hosts = Scanned().SelectMany(file => Texts(file).SelectMany(text => Address.Matches(text).Select(match => (file.Name, Host: match.Groups[1].Value))))
            .Where(found => !Allowed.Contains(found.Host)).Distinct();

        Assert.Empty(hosts);
    }

    [Fact]
    public void No_package_names_a_folder_of_this_machine()
    {
        string[] folders = [RepositoryFiles.Root, Path.GetTempPath(), Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages", ".nuget\\packages"];

        var found = Scanned().SelectMany(file => Texts(file).SelectMany(text => folders.Where(folder => text.Contains(folder.TrimEnd('/', '\\') + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            .Select(folder => (file.Name, folder)))).Distinct();

        Assert.Empty(found);
    }

    [Fact]
    public void The_search_sees_what_is_in_assemblies_and_symbols()
    {
        var scanned = Scanned().ToArray();

        Assert.Contains(scanned, file => file.Name.EndsWith(".pdb", StringComparison.Ordinal) && Texts(file).Any(text => text.Contains("/_/src/OnnxCompress/", StringComparison.Ordinal)));
        Assert.Contains(scanned, file => file.Name.EndsWith("OnnxCompress.dll", StringComparison.Ordinal) && Texts(file).Any(text => text.Contains("onnx-compress-", StringComparison.Ordinal)));
        Assert.Contains(scanned, file => file.Name.EndsWith(".targets", StringComparison.Ordinal));
        Assert.Contains(scanned, file => file.Name.EndsWith(".deps.json", StringComparison.Ordinal));
    }

    [GeneratedRegex("https?://([A-Za-z0-9.-]+)")]
    private static partial Regex Address { get; }

    private IEnumerable<(string Name, byte[] Bytes)> Scanned()
    {
        foreach (var file in packages.All)
        {
            using var package = new PackedFiles(file);
            foreach (var name in package.Names.Where(IsOurs))
            {
                yield return (file.Name + ": " + name, package.Bytes(name));
            }
        }
    }

    private static bool IsOurs(string name) => Path.GetExtension(name) switch
    {
        ".dll" or ".pdb" or ".xml" => Path.GetFileName(name) is var file && (file.StartsWith("OnnxCompress", StringComparison.Ordinal) || file.StartsWith("dotnet-onnx-compress", StringComparison.Ordinal)),
        ".nuspec" or ".props" or ".targets" or ".json" or ".rels" or ".psmdcp" => true,
        _ => false,
    };

    // Names are stored as UTF-8, literals as UTF-16 from an even or an odd place; symbols keep each folder of a path by itself.
    private static string[] Texts((string Name, byte[] Bytes) file) =>
    [
        Encoding.Latin1.GetString(file.Bytes), Encoding.Unicode.GetString(file.Bytes), Encoding.Unicode.GetString(file.Bytes.AsSpan(1)),
        .. file.Name.EndsWith(".pdb", StringComparison.Ordinal) ? Documents(file.Bytes) : [],
    ];

    private static string[] Documents(byte[] symbols)
    {
        using var provider = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(symbols));
        var reader = provider.GetMetadataReader();
        return [.. reader.Documents.Select(document => reader.GetString(reader.GetDocument(document).Name))];
    }
}
