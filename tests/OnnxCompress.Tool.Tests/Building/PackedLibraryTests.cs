using System.IO.Compression;
using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>A package of a library has the compressed model, and an app that installs it gets that.</summary>
public sealed class PackedLibraryTests(PackedPackages packages)
{
    private const string Library = "<OutputType>Library</OutputType><PackageId>Digits</PackageId><EnableDefaultCompileItems>false</EnableDefaultCompileItems>";

    [Fact]
    public void A_package_has_the_compressed_model_where_its_content_would_lie_and_an_app_gets_it()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp($"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} PackageCopyToOutput="true" />""", Library, name: "lib.csproj");

        var packed = consumer.Run("pack", "lib.csproj", "-o", "../feed");
        var built = Install(consumer);

        Assert.True(packed.Code == 0, packed.Output);
        Assert.DoesNotContain(packed.Warnings, warning => warning.Code.StartsWith("NU", StringComparison.Ordinal));
        Assert.Equal(["content/Models/glyphs.onnx", "contentFiles/any/net10.0/Models/glyphs.onnx"], Models(consumer).Select(entry => entry.Name));
        Assert.True(built.Code == 0, built.Output);
        var bytes = consumer.Length("../host/bin/Debug/net10.0/Models/glyphs.onnx");
        Assert.InRange(bytes, 1, Consumer.OriginalBytes - 1);
        Assert.All(Models(consumer), entry => Assert.Equal(bytes, entry.Bytes));
    }

    [Fact]
    public void Of_two_frameworks_each_has_the_compressed_model_and_none_the_original()
    {
        using var consumer = new Consumer(packages);
        File.Copy(consumer.At("Models/glyphs.onnx"), consumer.At("Models/asset.onnx"));
        consumer.WriteApp(
            $"""
            <Content Include="Models/*.onnx" />
            <OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} Link="digits.onnx" />
            <OnnxModel Include="Models/asset.onnx" {Consumer.Quick} PackagePath="assets/small.onnx;other" />
            """,
            Library + "<EnableWindowsTargeting>true</EnableWindowsTargeting><DisableTransitiveFrameworkReferenceDownloads>true</DisableTransitiveFrameworkReferenceDownloads>",
            "<TargetFrameworks>net10.0;net10.0-windows</TargetFrameworks>",
            "lib.csproj");

        var packed = consumer.Run("pack", "lib.csproj", "-o", "../feed");
        var again = consumer.Run("pack", "lib.csproj", "-o", "../feed", "--no-build", "-p:PackageVersion=2.0.0");

        Assert.True(packed.Code == 0, packed.Output);
        Assert.True(again.Code == 0, again.Output);
        Assert.Equal(0, again.TaskRuns);
        Assert.Equal(
            ["assets/small.onnx", "content/digits.onnx", "contentFiles/any/net10.0-windows7.0/digits.onnx", "contentFiles/any/net10.0/digits.onnx", "other/asset.onnx"],
            Models(consumer).Select(entry => entry.Name));
        Assert.All(Models(consumer), entry => Assert.InRange(entry.Bytes, 1, Consumer.OriginalBytes - 1));
        Assert.Equal(Models(consumer), Models(consumer, "2.0.0"));
    }

    private static (string Name, long Bytes)[] Models(Consumer consumer, string version = "1.0.0")
    {
        using var package = ZipFile.OpenRead(consumer.At($"../feed/Digits.{version}.nupkg"));
        return [.. package.Entries.Where(entry => entry.Name.EndsWith(".onnx", StringComparison.Ordinal)).Select(entry => (entry.FullName, entry.Length)).Order()];
    }

    private static BuildRun Install(Consumer consumer)
    {
        consumer.Write("../host/nuget.config", """<configuration><packageSources><clear /><add key="packed" value="../feed" /></packageSources></configuration>""");
        consumer.Write("../host/host.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup>
              <ItemGroup><PackageReference Include="Digits" Version="1.0.0" /></ItemGroup>
            </Project>
            """);
        consumer.Write("../host/Program.cs", "System.Console.WriteLine();");
        return consumer.Run("build", "../host");
    }
}
