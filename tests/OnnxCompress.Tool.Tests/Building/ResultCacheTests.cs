using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>What one build has compressed no other one compresses again, unless what lies in the cache must not be trusted.</summary>
public sealed class ResultCacheTests(PackedPackages packages)
{
    private const string Item = $"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""";
    private const string Shipped = "bin/Debug/net10.0/Models/glyphs.onnx";

    [Fact]
    public void Five_projects_with_one_model_built_at_once_compress_it_once()
    {
        using var consumer = new Consumer(packages) { UserCache = "../cache" };
        string[] names = ["one", "two", "three", "four", "five"];
        foreach (var name in names)
        {
            consumer.WriteApp(
                $"""<OnnxModel Include="../app/Models/glyphs.onnx" Link="glyphs.onnx" {Consumer.Quick.Replace("Calibration/", "../app/Calibration/", StringComparison.Ordinal)} Report="{name}.md" />""",
                name: $"../{name}/{name}.csproj");
        }

        consumer.Write("all.proj", $"""
            <Project>
              <ItemGroup><One Include="{string.Join(';', names.Select(name => $"../{name}/{name}.csproj"))}" /></ItemGroup>
              <Target Name="Restore"><MSBuild Projects="@(One)" Targets="Restore" Properties="Phase=restore" /></Target>
              <Target Name="Build"><MSBuild Projects="@(One)" BuildInParallel="true" /></Target>
            </Project>
            """);
        Assert.Equal(0, consumer.Run("msbuild", "all.proj", "-t:Restore").Code);

        var run = consumer.Run("msbuild", "all.proj", "-t:Build", "-m:3");

        Assert.True(run.Code == 0, run.Output);
        Assert.Equal((1, 4), (run.ToolStarts, run.CacheHits));
        var shipped = names.Select(name => File.ReadAllBytes(consumer.At($"../{name}/bin/Debug/net10.0/glyphs.onnx"))).ToArray();
        Assert.InRange(shipped[0].Length, 1, Consumer.OriginalBytes - 1);
        Assert.All(shipped, bytes => Assert.Equal(shipped[0], bytes));

        // Each project has the report where it wants it.
        Assert.All(names, name => Assert.Contains("glyphs", File.ReadAllText(consumer.At($"../{name}/{name}.md")), StringComparison.Ordinal));
    }

    [Fact]
    public void Rebuilds_clones_and_options_toggled_take_the_result_from_the_cache()
    {
        using var consumer = new Consumer(packages) { UserCache = "../cache" };
        consumer.WriteApp(Item);
        var first = consumer.Build();
        var wanted = File.ReadAllBytes(consumer.At(Shipped));

        consumer.WriteApp(Item.Replace("0.7", "0.6", StringComparison.Ordinal));
        var other = consumer.Build();
        consumer.WriteApp(Item);
        consumer.Build("-p:OnnxCompressEnabled=false");
        Assert.Equal(Consumer.OriginalBytes, consumer.Length(Shipped));
        var back = consumer.Build("-t:Rebuild");
        using var clone = new Consumer(packages, "somewhere else") { UserCache = consumer.At("../cache") };
        clone.WriteApp(Item);
        var cloned = clone.Build("-p:OnnxCompressCacheMode=read");
        clone.WriteApp(Item.Replace("<OnnxModel", "<OnnxModel Judge=\"true\"", StringComparison.Ordinal));
        var judged = clone.Run("build", "-p:OnnxCompressCacheMode=read");

        Assert.Equal((1, 0, 1, 0), (first.ToolStarts, first.CacheHits, other.ToolStarts, other.CacheHits));
        Assert.All([back, cloned], run => Assert.Equal((0, 1), (run.ToolStarts, run.CacheHits)));
        Assert.Contains("from the cache", back.Output, StringComparison.Ordinal);
        Assert.Equal(wanted, File.ReadAllBytes(consumer.At(Shipped)));
        Assert.Equal(wanted, File.ReadAllBytes(clone.At(Shipped)));

        // Nobody knows what the program of a judge would say now.
        Assert.Equal((1, 0), (judged.ToolStarts, judged.CacheHits));
        Assert.Equal(2, Entries(consumer).Length);
    }

    [Fact]
    public void What_was_changed_in_the_cache_is_told_and_made_anew()
    {
        using var consumer = new Consumer(packages) { UserCache = "../cache" };
        consumer.WriteApp(Item);
        consumer.Build("-p:OnnxCompressCacheMode=write");
        var model = Path.Combine(Assert.Single(Entries(consumer)), "glyphs.onnx");
        var wanted = File.ReadAllBytes(model);

        // Somebody who could write there put another model in its place.
        File.WriteAllBytes(model, [.. wanted.Select((b, i) => i == wanted.Length / 2 ? (byte)(b ^ 1) : b)]);
        var poisoned = consumer.Build("-t:Rebuild", "-p:OnnxCompressCacheMode=read");
        var shipped = File.ReadAllBytes(consumer.At(Shipped));
        var left = File.ReadAllBytes(model);
        var repaired = consumer.Build("-t:Rebuild");

        Assert.Equal((1, 1), (poisoned.ToolStarts, repaired.ToolStarts));
        Assert.All([poisoned, repaired], run => Assert.Contains("is not what was kept there", Assert.Single(run.CacheRefusals), StringComparison.Ordinal));
        Assert.Equal(wanted, shipped);
        Assert.NotEqual(wanted, left);
        Assert.Equal(wanted, File.ReadAllBytes(model));
    }

    [Fact]
    public void What_a_limit_of_time_cut_short_is_not_kept_for_others()
    {
        using var consumer = new Consumer(packages) { UserCache = "../cache" };
        consumer.WriteApp(Item.Replace("KeepMacs=\"0.7\"", "TimeLimit=\"0.001s\"", StringComparison.Ordinal));

        var run = consumer.Build();

        Assert.Contains(run.Warnings, warning => warning.Code == "OCX9022" && warning.Text.Contains("TimeLimit ended the search", StringComparison.Ordinal));
        Assert.Equal(Consumer.OriginalBytes, consumer.Length(Shipped));
        Assert.Empty(consumer.Files("entry.txt", "../cache"));
    }

    private static string[] Entries(Consumer consumer) =>
        [.. Directory.GetDirectories(consumer.At("../cache/onnx-compress/results")).Where(path => Path.GetFileName(path).Length == 64)];
}
