using OnnxCompress.Testing;
using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>Paths, folders that may not be written to, and builds that are stopped.</summary>
public sealed class AwkwardPlacesTests(PackedPackages packages)
{
    private const string Item = $"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""";

    [Fact]
    public void Spaces_unicode_and_signs_in_paths_are_only_letters()
    {
        using var consumer = new Consumer(packages, "my @app (ü, 模型) 100% #1");
        File.Move(consumer.At("Models/glyphs.onnx"), consumer.At("Models/glyphs of @ü.onnx"));
        consumer.WriteApp($"""<OnnxModel Include="Models/glyphs of @ü.onnx" {Consumer.Quick} />""");

        var run = consumer.Build();
        var second = consumer.Build();

        Assert.Equal(1, run.ToolStarts);
        Assert.Equal(0, second.TaskRuns);
        Assert.InRange(consumer.Length("bin/Debug/net10.0/Models/glyphs of @ü.onnx"), 1, Consumer.OriginalBytes - 1);
    }

    [Fact]
    public void Nothing_is_written_among_the_sources()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item);
        consumer.Write("Directory.Build.props", """
            <Project><PropertyGroup><UseArtifactsOutput>true</UseArtifactsOutput><ArtifactsPath>$(MSBuildThisFileDirectory)../artifacts</ArtifactsPath></PropertyGroup></Project>
            """);
        var before = consumer.Files("*");
        Protect(consumer.Root, writable: false);
        try
        {
            consumer.Build();
        }
        finally
        {
            Protect(consumer.Root, writable: true);
        }

        Assert.Equal(before, consumer.Files("*"));
        Assert.InRange(consumer.Length("../artifacts/bin/app/debug/Models/glyphs.onnx"), 1, Consumer.OriginalBytes - 1);
    }

    [Fact]
    public void A_cancelled_build_ends_the_tool_and_leaves_no_output()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Finds the tool's process through /proc.");
        Assert.SkipWhen(Interrupts.AreIgnored(), Interrupts.IgnoredReason);
        using var consumer = new Consumer(packages);
        File.Copy(SampleFiles.Calibration, consumer.At("Calibration/all.npy"));
        consumer.WriteApp("""<OnnxModel Include="Models/glyphs.onnx" Data="Calibration/all.npy" Scale="0.00392156862745098" />""");
        Assert.Equal(0, consumer.Run("restore").Code);

        using var build = consumer.Start("build", "--no-restore", "-nodeReuse:false", "-m:1");
        Assert.True(SpinWait.SpinUntil(() => Tools(consumer).Length > 0, TimeSpan.FromMinutes(2)), build.Output);
        Thread.Sleep(TimeSpan.FromSeconds(2));
        ToolProcesses.Signal("-INT", build.Id);

        var (code, output) = build.Wait();

        Assert.NotEqual(0, code);
        Assert.DoesNotContain("error OCX", output, StringComparison.Ordinal);
        Assert.Empty(Tools(consumer));
        Assert.Empty(consumer.Files("*.onnx*", "obj"));
        Assert.Empty(consumer.Files("*.stamp", "obj"));
        Assert.Empty(consumer.Files("*.tmp", "obj"));
    }

    private static int[] Tools(Consumer consumer) => ToolProcesses.Of(consumer);

    private static void Protect(string folder, bool writable)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var path in Directory.GetDirectories(folder, "*", SearchOption.AllDirectories).Append(folder))
        {
            var mode = File.GetUnixFileMode(path);
            File.SetUnixFileMode(path, writable ? mode | UnixFileMode.UserWrite : mode & ~UnixFileMode.UserWrite);
        }
    }
}
