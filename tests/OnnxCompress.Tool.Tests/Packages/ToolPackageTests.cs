using System.IO.Compression;
using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>The build package, and the tool as it is installed from its packages.</summary>
public sealed class ToolPackageTests(PackedPackages packages)
{
    [Fact]
    public void The_build_package_brings_no_dependency_and_no_library()
    {
        using var package = ZipFile.OpenRead(packages.Package("OnnxCompress.MSBuild").FullName);
        using var reader = new StreamReader(package.GetEntry("OnnxCompress.MSBuild.nuspec")!.Open());

        var specification = reader.ReadToEnd();

        Assert.DoesNotContain("<dependency ", specification, StringComparison.Ordinal);
        Assert.Contains("<developmentDependency>true</developmentDependency>", specification, StringComparison.Ordinal);
        Assert.DoesNotContain(package.Entries, entry => entry.FullName.StartsWith("lib/", StringComparison.Ordinal));
        Assert.Equal(["tasks/netstandard2.0/OnnxCompress.MSBuild.dll"], package.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith("tasks/", StringComparison.Ordinal)));
        Assert.NotNull(package.GetEntry("docs/errors.md"));
    }

    [Fact]
    public void The_installed_tool_helps_and_compresses_in_an_empty_folder()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("nuget.config"), $"""<configuration><packageSources><clear /><add key="local" value="{packages.Feed}" /></packageSources></configuration>""");
        (int Code, string Output) Run(params string[] args)
        {
            using var dotnet = DotNet.Start(folder.Root, packages.Restored, args);
            return dotnet.Wait();
        }

        File.WriteAllBytes(folder.File("few.npy"), SampleSlice.OfCalibration(64));
        var manifest = Run("new", "tool-manifest");
        var install = Run("tool", "install", "dotnet-onnx-compress", "--version", PackedPackages.Version);
        var help = Run("onnx-compress", "--help");
        var compress = Run("onnx-compress", "compress", SampleFiles.Model, "-o", "small.onnx", "-d", "few.npy", "--scale", SampleFiles.Scale, "--keep-macs", "0.7", "--methods", "id", "--reconstruct", "none");

        Assert.True(manifest.Code == 0, manifest.Output);
        Assert.True(install.Code == 0, install.Output);
        Assert.True(help.Code == 0, help.Output);
        Assert.Contains("compress <MODEL>", help.Output, StringComparison.Ordinal);
        Assert.True(compress.Code == 0, compress.Output);
        Assert.InRange(new FileInfo(folder.File("small.onnx")).Length, 1, new FileInfo(SampleFiles.Model).Length - 1);
    }
}
