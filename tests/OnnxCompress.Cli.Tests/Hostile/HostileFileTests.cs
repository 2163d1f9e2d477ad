using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>Data, plans and statistics from anywhere, through the command line.</summary>
public sealed class HostileFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out.onnx");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("pickled.npy", DiagnosticCodes.DataMalformed, "pickled")]
    [InlineData("past memory.npy", DiagnosticCodes.DataMalformed, "")]
    [InlineData("past 2^63.npy", DiagnosticCodes.DataMalformed, "2^63")]
    [InlineData("negative.npy", DiagnosticCodes.DataMalformed, "")]
    [InlineData("bomb.npz", DiagnosticCodes.DataMalformed, "truncated")]
    [InlineData("many.npz", DiagnosticCodes.DataMalformed, "entries")]
    [InlineData("pickled.npz", DiagnosticCodes.DataMalformed, "pickled")]
    [InlineData("bomb.png", DiagnosticCodes.DataMalformed, "pixels")]
    [InlineData("bomb.jpg", DiagnosticCodes.DataMalformed, "pixels")]
    [InlineData("bomb.webp", DiagnosticCodes.DataMalformed, "pixels")]
    [InlineData("bomb.bmp", DiagnosticCodes.DataMalformed, "BMP")]
    [InlineData("bomb.tif", DiagnosticCodes.DataMalformed, "fewer rows")]
    [InlineData("deep.jsonl", DiagnosticCodes.DataMalformed, "")]
    [InlineData("number.jsonl", DiagnosticCodes.DataMalformed, "")]
    [InlineData("short names.csv", DiagnosticCodes.DataMalformed, "column 3")]
    [InlineData("nested.pb", DiagnosticCodes.DataMalformed, "")]
    public void Hostile_data_are_one_error(string name, string code, string part)
    {
        var data = _folder.Write(name, Data(name));
        var allocated = GC.GetTotalAllocatedBytes();

        var run = CliRun.Of("compress", SampleFiles.Model, "-d", data, "-o", Out, "--keep-macs", "0.5");

        run.HasOneError(1, code, part);
        Assert.False(File.Exists(Out));
        Assert.True(GC.GetTotalAllocatedBytes() - allocated < 300 << 20, "Much was allocated for a small file.");
    }

    [Theory]
    [InlineData("nothing", DiagnosticCodes.StatisticsMalformed)]
    [InlineData("text", DiagnosticCodes.StatisticsMalformed)]
    [InlineData("half", DiagnosticCodes.StatisticsMalformed)]
    [InlineData("bit", DiagnosticCodes.StatisticsMalformed)]
    [InlineData("version", DiagnosticCodes.StatisticsMalformed)]
    [InlineData("channels", DiagnosticCodes.StatisticsMalformed)]
    [InlineData("nan", DiagnosticCodes.StatisticsMalformed)]
    [InlineData("model", DiagnosticCodes.StatisticsMismatch)]
    public void Hostile_statistics_are_one_error(string what, string code)
    {
        var model = Small(1);
        var sound = _folder.File("sound.stats");
        Assert.Equal(0, CliRun.Of("calibrate", model, "-d", Vectors(), "-o", sound).Code);
        var statistics = _folder.Write("hostile.stats", what == "model" ? File.ReadAllBytes(sound) : Damaged(File.ReadAllBytes(sound), what));

        var run = CliRun.Of("compress", what == "model" ? Small(2) : model, "--statistics", statistics, "-o", Out, "--keep-macs", "0.5", "--quiet");

        run.HasOneError(1, code);
        Assert.False(File.Exists(Out));
    }

    [Theory]
    [InlineData("", DiagnosticCodes.PlanUnreadable)]
    [InlineData("[]", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 2, \"model\": \"MODEL\", \"sites\": []}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [null]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Magic\", \"kept\": [0], \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"0123\", \"sites\": []}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f9\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8}]}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [-1, 9], \"of\": 8}]}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 2147483647}]}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"LowRank\", \"form\": \"Plain\", \"rank\": 2147483647, \"of\": 6}]}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"LowRank\", \"form\": \"Plain\", \"rank\": 2, \"groups\": -7, \"of\": 6}]}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"99\", \"kept\": [0], \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"0\", \"kept\": [0], \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative, LowRank\", \"kept\": [0], \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \" Interpolative\", \"kept\": [0], \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": 0, \"kept\": [0], \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"LowRank\", \"kept\": [1], \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"LowRank\", \"kept\": [0], \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8, \"predictedError\": 1e999}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8, \"predictedError\": -1}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8, \"predictedError\": \"NaN\"}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8, \"ridge\": 1e999}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8, \"ridge\": -0.5}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8, \"factors\": [1e999]}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8, \"kept\": [1]}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 1e99}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0]}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0.5], \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": null, \"of\": 8}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8}, {\"site\": \"f1\", \"method\": \"Interpolative\", \"kept\": [0], \"of\": 8}]}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"LowRank\", \"form\": \"3\", \"rank\": 2, \"of\": 6}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"Coreset\", \"form\": \"Plain\", \"rank\": 2, \"of\": 6}]}", DiagnosticCodes.PlanUnreadable)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"LowRank\", \"form\": \"Plain\", \"rank\": 2, \"of\": 6}, {\"site\": \"f1\", \"method\": \"LowRank\", \"form\": \"Plain\", \"rank\": 2, \"of\": 6}]}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"LowRank\", \"form\": \"Plain\", \"rank\": -2, \"of\": 6}]}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"LowRank\", \"form\": \"Tucker\", \"rank\": 2, \"innerRank\": -1, \"of\": 6}]}", DiagnosticCodes.PlanMismatch)]
    [InlineData("{\"schema\": 1, \"model\": \"MODEL\", \"sites\": [{\"site\": \"f1\", \"method\": \"LowRank\", \"form\": \"Plain\", \"of\": 6}]}", DiagnosticCodes.PlanMismatch)]
    public void A_hostile_plan_is_one_error(string text, string code)
    {
        var model = Small(1);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(model)));
        var plan = _folder.Write("plan.json", Encoding.UTF8.GetBytes(text.Replace("MODEL", sha256, StringComparison.Ordinal)));

        var run = CliRun.Of("apply", model, plan, "-d", Vectors(), "-o", Out, "--quiet");

        run.HasOneError(1, code);
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public void A_plan_with_a_byte_order_mark_is_read()
    {
        var plan = _folder.File("plan.json");
        Assert.Equal(0, CliRun.Of("plan", Small(1), "-d", Vectors(), "-o", plan, "--keep-macs", "0.6", "--force").Code);
        File.WriteAllBytes(plan, [0xEF, 0xBB, 0xBF, .. File.ReadAllBytes(plan)]);

        Assert.DoesNotContain("OCX6002", CliRun.Of("apply", Small(1), plan, "-d", Vectors(), "-o", Out, "--force").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("merge")]
    [InlineData("compress")]
    public void Sealed_statistics_of_another_number_of_channels_are_one_error(string verb)
    {
        var model = Small(1);
        var (sound, other) = (_folder.File("sound.stats"), _folder.File("other.stats"));
        Assert.Equal(0, CliRun.Of("calibrate", model, "-d", Vectors(), "-o", sound).Code);
        var statistics = Calibration.CalibrationStatistics.Load(sound);
        var changed = new Calibration.CalibrationStatistics(statistics.ModelSha256) { Samples = statistics.Samples };
        foreach (var (key, tap) in statistics.Taps)
        {
            changed.Open(key, tap.Channels + 1);
        }

        changed.Save(other);

        var run = verb == "merge" ? CliRun.Of("merge", sound, other, "-o", _folder.File("sum.stats"))
            : CliRun.Of("compress", model, "--statistics", other, "-o", Out, "--keep-macs", "0.5", "--quiet");

        run.HasOneError(1, DiagnosticCodes.StatisticsMismatch);
        Assert.False(File.Exists(Out));
    }

    private static byte[] Data(string name)
    {
        switch (name)
        {
            case "pickled.npy":
                return [.. NpyBytes.Header("|O", [3]), .. "cos\nsystem\n(S'echo'\ntR."u8];
            case "past memory.npy":
                return NpyBytes.Header("<f4", [1L << 40, 1, 28, 28]);
            case "past 2^63.npy":
                return NpyBytes.Header("<f4", [1L << 40, 1L << 40]);
            case "negative.npy":
                return NpyBytes.Header("<f4", [-1, 784]);
            case "bomb.npz":
                // The entry is small, its header promises a terabyte.
                return NpyBytes.Archive(CompressionLevel.Fastest, ("image", [.. NpyBytes.Header("<f4", [1L << 28, 1, 28, 28]), .. new byte[1 << 20]]));
            case "many.npz":
                return NpyBytes.Archive(CompressionLevel.NoCompression, [.. Enumerable.Range(0, 300).Select(i => ($"a{i}", NpyBytes.Of<float>([1], 0)))]);
            case "pickled.npz":
                return NpyBytes.Archive(CompressionLevel.Fastest, ("image", [.. NpyBytes.Header("|O", [3]), .. "cos\nsystem\n"u8]));
            case "bomb.png":
                return PngBytes.Assemble(PngBytes.Header(100_000, 100_000, 8, 2, false), null, PngBytes.Deflate(new byte[1000]));
            case "bomb.jpg" or "bomb.webp" or "bomb.bmp" or "bomb.tif":
                return HostilePictures.Claiming(Path.GetExtension(name), 16_384, 16_384);
            case "deep.jsonl":
                return Encoding.UTF8.GetBytes(new string('[', 100_000) + "1" + new string(']', 100_000));
            case "number.jsonl":
                return Encoding.UTF8.GetBytes("[1e999]");
            case "short names.csv":
                return "a,b\n1,2,3\n4,5,x\n"u8.ToArray();
            default:
                return [.. Enumerable.Repeat((byte)0x2A, 4), 0xFF, 0xFF, 0xFF, 0x7F];
        }
    }

    private static byte[] Damaged(byte[] sound, string what)
    {
        var content = sound[..^SHA256.HashSizeInBytes];
        switch (what)
        {
            case "nothing":
                return [];
            case "text":
                return "not statistics, though long enough to look like some of them"u8.ToArray();
            case "half":
                return sound[..(sound.Length / 2)];
            case "bit":
                sound[sound.Length / 2] ^= 1;
                return sound;
            case "version":
                content[8]++;
                break;
            case "channels":
                // After a tap's name comes its number of channels.
                var name = content.AsSpan().IndexOf("@1:all"u8);
                BitConverter.GetBytes(int.MaxValue).CopyTo(content, name + 6);
                break;
            default:
                BitConverter.GetBytes(double.NaN).CopyTo(content, content.Length - 8);
                break;
        }

        return [.. content, .. SHA256.HashData(content)];
    }

    private string Small(int seed)
    {
        var model = new TestModel(seed: seed);
        model.Input("x", "N", 6);
        model.Gemm("f2", model.Relu("r", model.Gemm("f1", "x", 6, 8)), 8, 3);
        return _folder.Write($"small{seed}.onnx", model.Output("f2", "N", 3).Bytes());
    }

    private string Vectors()
    {
        var random = new Random(3);
        return _folder.Write("vectors.npy", NpyBytes.Of([40, 6], [.. Enumerable.Range(0, 240).Select(_ => (float)random.NextDouble())]));
    }
}
