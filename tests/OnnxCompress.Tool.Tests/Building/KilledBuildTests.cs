using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>
/// Builds that end without a chance to clean up: the run that they leave ends too, and what the next build ships is what a
/// clean build ships, also when the model was replaced by one whose result has the same length.
/// </summary>
public sealed class KilledBuildTests(PackedPackages packages)
{
    private const string Item = $"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} CacheDir="none" />""";
    private const string Shipped = "bin/Debug/net10.0/Models/glyphs.onnx";
    private const string Model = "Models/glyphs.onnx";

    // No run that has lost its build takes longer to end, by a bound of ten seconds of its own.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    [Fact]
    public void After_a_kill_at_any_moment_the_next_build_ships_the_right_model()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Finds the tool's process through /proc.");
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item);
        var (first, second) = Expected(consumer);
        var moments = new Func<Consumer, bool>[]
        {
            at => ToolProcesses.Of(at).Length > 0,
            at => at.Files("report.json*", "obj").Length > 0,
            at => at.Files("glyphs.onnx*", "obj").Length > 0,
            at => at.Files("done.stamp*", "obj").Length > 0,
        };

        for (var i = 0; i < moments.Length; i++)
        {
            var (before, after, wanted) = i % 2 == 0 ? (1, 2, second) : (2, 1, first);
            Write(consumer, before);
            Directory.Delete(consumer.At("obj/onnxcompress"), recursive: true);
            Kill(consumer, moments[i]);
            Write(consumer, after);

            consumer.Build("--no-restore", "-m:1");

            Assert.Equal(wanted, File.ReadAllBytes(consumer.At(Shipped)));
            Assert.Empty(consumer.Files("*.tmp", "obj/onnxcompress"));
        }
    }

    [Fact]
    public void A_run_that_sleeps_through_the_end_of_its_build_writes_nothing_when_it_wakes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Finds the tool's process through /proc.");
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item);
        var (_, second) = Expected(consumer);
        Write(consumer, 1);
        Directory.Delete(consumer.At("obj/onnxcompress"), recursive: true);
        using var killed = consumer.Start("build", "--no-restore", "-nodeReuse:false", "-m:1");
        Assert.True(SpinWait.SpinUntil(() => ToolProcesses.Of(consumer).Length > 0 && IsHeld(consumer), Longest), killed.Output);
        var orphan = ToolProcesses.Of(consumer)[0];
        ToolProcesses.Signal("-STOP", orphan);
        try
        {
            ToolProcesses.Signal("-KILL", killed.Id);
            killed.Wait();
            Write(consumer, 2);
            using var next = consumer.Start("build", "--no-restore", "-nodeReuse:false", "-m:1", "-v:n");
            var waits = SpinWait.SpinUntil(() => next.Output.Contains("that an earlier build began", StringComparison.Ordinal), Longest);
            var started = ToolProcesses.Of(consumer);

            ToolProcesses.Signal("-CONT", orphan);
            var (code, output) = next.Wait();

            Assert.True(waits, output);
            Assert.Equal([orphan], started);
            Assert.True(code == 0, output);
            Assert.Equal(second, File.ReadAllBytes(consumer.At(Shipped)));
            Assert.Empty(ToolProcesses.Of(consumer));
        }
        finally
        {
            ToolProcesses.Signal("-CONT", orphan);
        }
    }

    [Fact]
    public void A_result_that_was_deleted_or_replaced_is_made_again()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item);
        consumer.Build();
        var wanted = File.ReadAllBytes(consumer.At(Shipped));
        var result = Assert.Single(consumer.Files("glyphs.onnx", "obj/onnxcompress"));

        // As a run that nobody stopped would: later than the stamp, and of the same length.
        File.WriteAllBytes(result, [.. wanted.Select((b, i) => i == wanted.Length / 2 ? (byte)(b ^ 1) : b)]);
        var replaced = consumer.Build("--no-restore");
        var afterReplaced = File.ReadAllBytes(consumer.At(Shipped));
        File.Delete(result);
        var deleted = consumer.Build("--no-restore");
        var afterDeleted = File.ReadAllBytes(consumer.At(Shipped));
        File.AppendAllText(Path.Combine(Path.GetDirectoryName(result)!, "done.stamp"), "x");
        var edited = consumer.Build("--no-restore");
        var idle = consumer.Build("--no-restore");

        Assert.Equal((1, 1, 1, 0), (replaced.ToolStarts, deleted.ToolStarts, edited.ToolStarts, idle.TaskRuns));
        Assert.Equal(wanted, afterReplaced);
        Assert.Equal(wanted, afterDeleted);
        Assert.Equal(wanted, File.ReadAllBytes(consumer.At(Shipped)));
    }

    [Fact]
    public void A_folder_or_a_mode_that_cannot_be_used_is_one_error()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item, properties: "<OnnxCompressOutputDir>loop/</OnnxCompressOutputDir>");
        File.CreateSymbolicLink(consumer.At("loop"), consumer.At("pool"));
        File.CreateSymbolicLink(consumer.At("pool"), consumer.At("loop"));

        var loop = consumer.Run("build");
        consumer.WriteApp(Item, properties: "<OnnxCompressCacheMode>1</OnnxCompressCacheMode>");
        var mode = consumer.Run("build");

        Assert.Equal("OCX9025", Assert.Single(loop.Errors).Code);
        Assert.Equal("OCX9021", Assert.Single(mode.Errors).Code);
    }

    /// <summary>What clean builds ship for the two models.</summary>
    private static (byte[] First, byte[] Second) Expected(Consumer consumer)
    {
        byte[] Clean(int model)
        {
            Write(consumer, model);
            consumer.Build("-m:1");
            return File.ReadAllBytes(consumer.At(Shipped));
        }

        var (first, second) = (Clean(1), Clean(2));
        Assert.NotEqual(first, second);
        Assert.Equal(first.Length, second.Length);
        return (first, second);
    }

    /// <summary>Kills the build, and not the tool, and sees the tool end.</summary>
    private static void Kill(Consumer consumer, Func<Consumer, bool> moment)
    {
        using var build = consumer.Start("build", "--no-restore", "-nodeReuse:false", "-m:1");
        Assert.True(SpinWait.SpinUntil(() => moment(consumer), Longest), build.Output);
        ToolProcesses.Signal("-KILL", build.Id);
        build.Wait();
        Assert.True(SpinWait.SpinUntil(() => ToolProcesses.Of(consumer).Length == 0, Farewell), "The run goes on without its build.");
    }

    /// <summary>The sample, or one whose largest weights differ in a few bits.</summary>
    private static void Write(Consumer consumer, int model)
    {
        var bytes = File.ReadAllBytes(Testing.SampleFiles.Model);
        for (var i = 0; model == 2 && i < 400; i += 4)
        {
            bytes[(bytes.Length / 2) + i] ^= 0x40;
        }

        File.WriteAllBytes(consumer.At(Model), bytes);
    }

    /// <summary>Whether a run has locked its folder: it computes, then.</summary>
    private static bool IsHeld(Consumer consumer)
    {
        try
        {
            foreach (var file in consumer.Files("run", "obj/onnxcompress"))
            {
                using var free = File.Open(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            }

            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
