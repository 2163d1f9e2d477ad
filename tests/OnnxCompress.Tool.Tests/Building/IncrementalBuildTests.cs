using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>A model is compressed when something that it depends on changed, and never otherwise.</summary>
public sealed class IncrementalBuildTests(PackedPackages packages)
{
    private const string Shipped = "bin/Debug/net10.0/Models/glyphs.onnx";

    [Fact]
    public void A_second_build_does_nothing_and_clean_leaves_nothing()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp($"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""");

        var first = consumer.Build();
        var shipped = consumer.Length(Shipped);
        var page = File.ReadAllText(Assert.Single(consumer.Files("report.html", "obj")));
        var second = consumer.Build();
        var clean = consumer.Run("clean");

        Assert.Equal(1, first.ToolStarts);
        Assert.InRange(shipped, 1, Consumer.OriginalBytes - 1);
        Assert.Contains("compress.rsp", first.Embedded);
        Assert.Contains("report.json", first.Embedded);
        Assert.Contains("plan.json", first.Embedded);
        Assert.Contains("Models/glyphs.onnx: 1.25 -> ", first.Output, StringComparison.Ordinal);
        Assert.Matches("same decisions, [0-9.]+ s\\. Report: obj/onnxcompress/glyphs-[0-9a-f]+/report.html", first.Output);
        Assert.Contains("<html", page, StringComparison.Ordinal);
        Assert.Equal(0, second.TaskRuns);
        Assert.True(second.Skipped("CompressOnnxModel"));
        Assert.Equal(0, clean.Code);
        Assert.Equal([consumer.At("Models/glyphs.onnx")], consumer.Files("*.onnx"));
        Assert.False(Directory.Exists(consumer.At("obj/onnxcompress")));
        Assert.Empty(consumer.Files("onnxcompress.items.cache"));
    }

    [Fact]
    public void A_touched_model_is_not_compressed_again_and_a_changed_option_is()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp($"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""");
        consumer.Build();
        var before = consumer.Length(Shipped);

        File.SetLastWriteTimeUtc(consumer.At("Models/glyphs.onnx"), DateTime.UtcNow);
        var touched = consumer.Build();
        var afterTouch = consumer.Build();
        consumer.WriteApp($"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick.Replace("0.7", "0.5", StringComparison.Ordinal)} />""");
        var changed = consumer.Build();

        Assert.Equal((1, 0), (touched.TaskRuns, touched.ToolStarts));
        Assert.Equal(0, afterTouch.TaskRuns);
        Assert.Equal(1, changed.ToolStarts);
        Assert.InRange(consumer.Length(Shipped), 1, before - 1);
        Assert.Single(consumer.Files("*.onnx", "obj"));
    }

    [Fact]
    public void More_calibration_data_behind_the_same_glob_compress_again()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp($"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""");
        consumer.Build();

        File.WriteAllBytes(consumer.At("Calibration/more.npy"), SampleSlice.OfCalibration(32));
        var run = consumer.Build();

        Assert.Equal(1, run.ToolStarts);
    }

    [Fact]
    public void A_failed_guard_fails_every_build_until_it_holds()
    {
        const string Loose = "MinAgreement=\"0.05\"";
        using var consumer = new Consumer(packages);
        var item = $"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick.Replace("0.7", "0.3", StringComparison.Ordinal)} {Loose} />""";
        consumer.WriteApp(item.Replace(Loose, "MinAgreement=\"1\"", StringComparison.Ordinal));

        var first = consumer.Run("build");
        var left = consumer.Files("*.onnx", "obj").Length + consumer.Files("*.onnx", "bin").Length;
        var second = consumer.Run("build");
        consumer.WriteApp(item);
        var third = consumer.Run("build");

        foreach (var failed in new[] { first, second })
        {
            Assert.Equal(1, failed.Code);
            var (code, text) = Assert.Single(failed.Errors);
            Assert.Equal("OCX7001", code);
            Assert.Contains("Models/glyphs.onnx", text, StringComparison.Ordinal);
            Assert.Contains("less than MinAgreement=\"1\"", text, StringComparison.Ordinal);
        }

        Assert.Equal(0, left);
        Assert.True(third.Code == 0, third.Output);
        Assert.InRange(consumer.Length(Shipped), 1, Consumer.OriginalBytes - 1);
    }

    [Fact]
    public void One_changed_model_leaves_the_other_alone_and_old_outputs_go()
    {
        using var consumer = new Consumer(packages);
        File.Copy(consumer.At("Models/glyphs.onnx"), consumer.At("Models/second.onnx"));
        const string First = $"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""";
        const string Second = $"""<OnnxModel Include="Models/second.onnx" {Consumer.Quick} />""";
        consumer.WriteApp(First + Second);
        var both = consumer.Build();

        consumer.WriteApp(First + Second.Replace("<OnnxModel", "<OnnxModel Link=\"renamed.onnx\"", StringComparison.Ordinal));
        var renamed = consumer.Build();
        var afterRename = consumer.Files("*.onnx", "bin").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal).ToArray();
        consumer.WriteApp("");
        var removed = consumer.Build();

        Assert.Equal(2, both.ToolStarts);
        Assert.Equal(1, renamed.ToolStarts);
        Assert.Equal(["glyphs.onnx", "renamed.onnx"], afterRename);
        Assert.Equal(0, removed.ToolStarts);
        Assert.Empty(consumer.Files("*.onnx", "bin"));
        Assert.Empty(consumer.Files("*.onnx", "obj"));
    }

    [Fact]
    public void Switched_off_the_original_is_shipped_and_on_again_the_compressed()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp($"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""");

        consumer.Build();
        var compressed = consumer.Length(Shipped);
        consumer.Build("-p:OnnxCompressEnabled=false");
        var off = consumer.Length(Shipped);
        consumer.Build();

        Assert.InRange(compressed, 1, Consumer.OriginalBytes - 1);
        Assert.Equal(Consumer.OriginalBytes, off);
        Assert.Equal(compressed, consumer.Length(Shipped));
    }

    [Fact]
    public void A_design_time_build_does_nothing()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp($"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""");
        Assert.Equal(0, consumer.Run("restore").Code);

        var run = consumer.Run("msbuild", "-t:ResolveReferences;PrepareResources;AssignTargetPaths;CoreCompile", "-p:DesignTimeBuild=true", "-p:BuildingProject=true", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true");

        Assert.True(run.Code == 0, run.Output);
        Assert.Equal(0, run.TaskRuns);
        Assert.False(Directory.Exists(consumer.At("obj/onnxcompress")));
    }
}
