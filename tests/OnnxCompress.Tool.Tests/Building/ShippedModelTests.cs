using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>What reaches outputs, publish folders and assemblies is the compressed model, and nothing but it.</summary>
public sealed class ShippedModelTests(PackedPackages packages)
{
    private const string Item = $"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""";

    [Fact]
    public void A_referencing_app_builds_and_publishes_the_compressed_model()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item, "<OutputType>Library</OutputType><EnableDefaultCompileItems>false</EnableDefaultCompileItems>", name: "lib.csproj");
        consumer.Write("../host/host.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup>
              <ItemGroup><ProjectReference Include="../app/lib.csproj" /></ItemGroup>
            </Project>
            """);
        consumer.Write("../host/Program.cs", "System.Console.WriteLine();");

        var build = consumer.Build("../host");
        var publish = consumer.Run("publish", "../host", "-c", "Debug", "--no-build", "-o", "../out");

        Assert.Equal(1, build.ToolStarts);
        Assert.InRange(consumer.Length("../host/bin/Debug/net10.0/Models/glyphs.onnx"), 1, Consumer.OriginalBytes - 1);
        Assert.True(publish.Code == 0, publish.Output);
        Assert.Equal(0, publish.TaskRuns);
        Assert.Equal(consumer.Length("../host/bin/Debug/net10.0/Models/glyphs.onnx"), consumer.Length("../out/Models/glyphs.onnx"));
    }

    [Fact]
    public void A_single_file_app_has_the_compressed_model_beside_it()
    {
        using var consumer = new Consumer(packages);
        var runtime = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier;

        // The analysis of single files would bring in a package; the bundle itself comes with the SDK.
        consumer.WriteApp(Item, $"<RuntimeIdentifier>{Portable(runtime)}</RuntimeIdentifier><SelfContained>false</SelfContained><EnableSingleFileAnalyzer>false</EnableSingleFileAnalyzer>");

        var publish = consumer.Run("publish", "-o", "../out", "-p:PublishSingleFile=true");

        Assert.True(publish.Code == 0, publish.Output);
        Assert.InRange(consumer.Length("../out/Models/glyphs.onnx"), 1, Consumer.OriginalBytes - 1);
        Assert.Empty(consumer.Files("*.dll", "../out"));
    }

    [Fact]
    public void An_embedded_model_is_the_compressed_one_under_its_usual_name()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item.Replace("<OnnxModel", "<OnnxModel Emit=\"EmbeddedResource\"", StringComparison.Ordinal));

        consumer.Build();
        var compressed = Print(consumer);
        var bytes = new FileInfo(Assert.Single(consumer.Files("*.onnx", "obj"))).Length;
        consumer.Build("-p:OnnxCompressEnabled=false");
        var original = Print(consumer);

        Assert.InRange(bytes, 1, Consumer.OriginalBytes - 1);
        Assert.Equal($"app.Models.glyphs.onnx {bytes}", compressed);
        Assert.Equal($"app.Models.glyphs.onnx {Consumer.OriginalBytes}", original);
        Assert.Empty(consumer.Files("*.onnx", "bin"));
    }

    [Fact]
    public void A_model_that_cannot_shrink_is_shipped_as_it_is_with_a_warning()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp("""
            <OnnxModel Include="Models/glyphs.onnx" IncludeNodes="head/Gemm" Precision="float" RunTarget="any" Methods="id" Reconstruct="none" Data="Calibration/*.npy" Scale="0.00392156862745098" />
            """);

        var run = consumer.Build();

        var (_, text) = Assert.Single(run.Warnings, warning => warning.Code == "OCX9022");
        Assert.Contains("Models/glyphs.onnx", text, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(consumer.At("Models/glyphs.onnx")), File.ReadAllBytes(consumer.At("bin/Debug/net10.0/Models/glyphs.onnx")));
    }

    [Fact]
    public void A_web_app_serves_the_compressed_model_from_wwwroot_and_is_told_of_an_original_in_its_content_root()
    {
        using var consumer = new Consumer(packages);
        Directory.CreateDirectory(consumer.At("wwwroot/models"));
        File.Copy(consumer.At("Models/glyphs.onnx"), consumer.At("wwwroot/models/served.onnx"));
        var served = Item.Replace("Models/glyphs.onnx", "wwwroot/models/served.onnx", StringComparison.Ordinal);
        void Write(string item) => consumer.Write("app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup>
                <PackageReference Include="OnnxCompress.MSBuild" Version="{PackedPackages.Version}" PrivateAssets="all" />
                {served}
                {item}
              </ItemGroup>
            </Project>
            """);
        consumer.Write("Program.cs", "Microsoft.AspNetCore.Builder.WebApplication.CreateBuilder(args).Build().Run();");
        Write(Item);

        var warned = consumer.Run("publish", "-c", "Debug", "-o", "../out");
        Write(Item.Replace("<OnnxModel", "<OnnxModel Link=\"digits.onnx\"", StringComparison.Ordinal));
        var clean = consumer.Run("build", "-warnaserror");

        Assert.True(warned.Code == 0, warned.Output);
        Assert.Contains("AppContext.BaseDirectory", Assert.Single(warned.Warnings, warning => warning.Code == "OCX9028").Text, StringComparison.Ordinal);
        var bytes = consumer.Length("../out/Models/glyphs.onnx");
        Assert.InRange(bytes, 1, Consumer.OriginalBytes - 1);
        Assert.Equal(bytes, consumer.Length("../out/wwwroot/models/served.onnx"));
        Assert.Equal(2, consumer.Files("*.onnx", "../out").Length);

        // What the development server looks up leads to the compressed file.
        var manifest = File.ReadAllText(Assert.Single(consumer.Files("staticwebassets.development.json", "obj")));
        Assert.Matches("\"served.onnx\":\\{\"Children\":null,\"Asset\":\\{\"ContentRootIndex\":0,", manifest);
        Assert.StartsWith($"{{\"ContentRoots\":[\"{consumer.At("obj/onnxcompress/served-")}", manifest, StringComparison.Ordinal);
        Assert.True(clean.Code == 0, clean.Output);
        Assert.Empty(clean.Warnings);
    }

    [Fact]
    public void Two_frameworks_share_one_run()
    {
        using var consumer = new Consumer(packages);

        // Two frameworks for which the SDK alone has all that is needed.
        consumer.WriteApp(
            Item,
            "<EnableWindowsTargeting>true</EnableWindowsTargeting><DisableTransitiveFrameworkReferenceDownloads>true</DisableTransitiveFrameworkReferenceDownloads>",
            "<TargetFrameworks>net10.0;net10.0-windows</TargetFrameworks>");

        var run = consumer.Build("-m:2");
        var second = consumer.Build();
        long[] shipped = [.. Directory.GetDirectories(consumer.At("bin/Debug")).Select(folder => consumer.Length(Path.Combine(folder, "Models", "glyphs.onnx")))];
        var clean = consumer.Run("clean");

        Assert.Equal(1, run.ToolStarts);
        Assert.Equal(0, second.TaskRuns);
        Assert.Equal(2, shipped.Length);
        Assert.All(shipped, bytes => Assert.InRange(bytes, 1, Consumer.OriginalBytes - 1));
        Assert.Equal(0, clean.Code);
        Assert.False(Directory.Exists(consumer.At("obj/onnxcompress")));
    }

    private static string Print(Consumer consumer)
    {
        using var dotnet = consumer.Start("bin/Debug/net10.0/app.dll");
        var (code, output) = dotnet.Wait();
        Assert.True(code == 0, output);
        return output.Trim();
    }

    // debian.12-x64 is linux-x64 to the SDK's own host pack.
    private static string Portable(string runtime) =>
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux") + runtime[runtime.LastIndexOf('-')..];
}
