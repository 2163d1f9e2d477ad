using System.Diagnostics;
using System.Text;
using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>The names that a model gives its side files reach nothing of the machine's, and name no file of the build's.</summary>
public sealed class SideFileTests(PackedPackages packages)
{
    private const string Secret = "the key of somebody else";

    [Fact]
    public void A_name_that_leads_anywhere_else_fails_the_build_and_nothing_is_copied()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The names are those of Linux.");
        using var consumer = new Consumer(packages);
        consumer.Write("../secret.key", Secret.PadRight(ExternalTensor.Bytes));
        consumer.Write("Directory.Build.targets", "<Project />");
        Directory.CreateDirectory(consumer.At("Models"));
        File.CreateSymbolicLink(consumer.At("Models/link.bin"), consumer.At("../secret.key"));
        using var mkfifo = Process.Start("mkfifo", [consumer.At("Models/pipe")]);
        mkfifo.WaitForExit();
        (string Location, string Code)[] attacks =
        [
            ("/proc/self/environ", "OCX1005"), ("/dev/zero", "OCX1005"), (consumer.At("../secret.key"), "OCX1005"), ("../../secret.key", "OCX1005"),
            ("../Directory.Build.targets", "OCX1005"), ("..\\..\\secret.key", "OCX1005"), ("link.bin", "OCX1005"), ("pipe", "OCX1009"), ("m8.onnx", "OCX1009"),
            ("absent.bin", "OCX1004"),
        ];
        var items = new StringBuilder();
        foreach (var (index, (location, _)) in attacks.Index())
        {
            File.WriteAllBytes(consumer.At($"Models/m{index}.onnx"), ExternalTensor.InTheSample($"tensor{index}", location));
            items.AppendLine($"""<OnnxModel Include="Models/m{index}.onnx" {Consumer.Quick} />""");
        }

        // Shipped as it is, the model is as little trusted.
        File.WriteAllBytes(consumer.At("Models/plain.onnx"), ExternalTensor.InTheSample("shipped", "../../secret.key"));
        items.AppendLine("""<OnnxModel Include="Models/plain.onnx" Compress="false" />""");
        consumer.WriteApp(items.ToString());
        var before = Outside(consumer);

        var run = consumer.Run("build");

        Assert.Equal(1, run.Code);
        Assert.Equal(
            [.. attacks.Select((attack, index) => $"{attack.Code} tensor{index}"), "OCX1005 shipped"],
            run.Errors.Select(error => $"{error.Code} {error.Text.Split("tensor '")[1].Split('\'')[0]}"));
        Assert.Equal(0, run.ToolStarts);
        Assert.Equal(before, Outside(consumer));
        Assert.All(consumer.Files("*", "bin").Concat(consumer.Files("*", "obj")), file =>
            Assert.DoesNotContain(Secret, Encoding.Latin1.GetString(File.ReadAllBytes(file)), StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_that_cannot_shrink_is_shipped_with_side_files_of_the_builds_own_name()
    {
        using var consumer = new Consumer(packages);
        Directory.CreateDirectory(consumer.At("Models/deep"));
        byte[] model = [.. ExternalTensor.InTheSample("a", "compress.rsp"), .. ExternalTensor.Field(7, ExternalTensor.Field(5, ExternalTensor.Tensor("b", "deep/Directory.Build.targets")))];
        File.WriteAllBytes(consumer.At("Models/glyphs.onnx"), model);
        foreach (var name in new[] { "compress.rsp", "deep/Directory.Build.targets" })
        {
            consumer.Write($"Models/{name}", "<Project><!-- harmless --></Project>".PadRight(ExternalTensor.Bytes));
        }

        consumer.WriteApp("""
            <OnnxModel Include="Models/glyphs.onnx" IncludeNodes="head/Gemm" Precision="float" RunTarget="any" Methods="id" Reconstruct="none" Data="Calibration/*.npy" Scale="0.00392156862745098" />
            """);
        var before = Outside(consumer);

        var run = consumer.Build();
        var again = consumer.Build();

        Assert.Contains(run.Warnings, warning => warning.Code == "OCX9022");
        Assert.Equal(0, again.ToolStarts);
        Assert.Equal(
            ["glyphs.onnx", "glyphs.onnx.data"],
            Directory.GetFiles(consumer.At("bin/Debug/net10.0/Models"), "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(consumer.Length("bin/Debug/net10.0/Models/glyphs.onnx.data") >= 2 * ExternalTensor.Bytes);
        Assert.Contains("--original-otherwise", File.ReadAllText(Assert.Single(consumer.Files("compress.rsp", "obj"))), StringComparison.Ordinal);
        Assert.Empty(consumer.Files("Directory.Build.targets", "obj"));
        Assert.Equal(before, Outside(consumer));
    }

    /// <summary>Every file but those that a build may write, with its length.</summary>
    private static string[] Outside(Consumer consumer) =>
    [
        .. consumer.Files("*", "..").Where(file => Path.GetExtension(file) != ".binlog"
                && !file.StartsWith(consumer.At("bin"), StringComparison.Ordinal) && !file.StartsWith(consumer.At("obj"), StringComparison.Ordinal))
            .Select(file => $"{file} {new FileInfo(file).Length}"),
    ];
}
