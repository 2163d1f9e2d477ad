using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Selection;

/// <summary>A second run finds no curve again, and comes to the same bytes.</summary>
public sealed class CurveCacheTests : IDisposable
{
    private static readonly OnnxModel Model = Products();

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string[] Files => Directory.GetFiles(_folder.Root, "curves-*");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_second_run_selects_nothing_and_comes_to_the_same_bytes()
    {
        var (without, first, second) = (Compress(null), Compress(_folder.Root), Compress(_folder.Root));

        Assert.Equal(without.Hash, first.Hash);
        Assert.Equal(without.Hash, second.Hash);
        Assert.Single(Files);
        // What is left are the weights of the plan that is carried out.
        Assert.True(second.Work < 0.5 * first.Work, $"{second.Work:G3} of {first.Work:G3} multiply-adds.");
    }

    [Fact]
    public void What_curves_depend_on_is_in_their_name()
    {
        Compress(_folder.Root);
        Compress(_folder.Root, new CompressionOptions { Methods = [CompressionMethod.Interpolative] });
        Compress(_folder.Root, new CompressionOptions { Selection = ChannelSelection.PivotedQr });
        Compress(_folder.Root, new CompressionOptions { Alignment = 2 });
        Compress(_folder.Root, samples: 40);
        // The budget is not among it.
        Compress(_folder.Root, new CompressionOptions(), macs: 0.8);

        Assert.Equal(5, Files.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(-1)]
    public void A_damaged_file_is_as_good_as_none_and_is_replaced(int length)
    {
        var made = Compress(_folder.Root);
        var path = Assert.Single(Files);
        var content = File.ReadAllBytes(path);
        byte[] damaged = length < 0 ? [.. content] : content[..length];
        if (length < 0)
        {
            damaged[content.Length / 2] ^= 1;
        }

        File.WriteAllBytes(path, damaged);

        Assert.Equal(made.Hash, Compress(_folder.Root).Hash);
        Assert.Equal(content, File.ReadAllBytes(path));
    }

    [Fact]
    public void Curves_are_read_as_they_were_written()
    {
        KnownCurves curves = new(
            [new ChannelCurve([2, 0, 1], [1, 0.5, 0.25, 0], 1e-3) { Method = CompressionMethod.Redundancy }, new ChannelCurve([0], [1, 0], 0)],
            [[new SplitOption(new SplitShape(SplitForm.Tucker, 3, 1, 2), 0.125)], []]);
        var path = _folder.File("curves");

        CurveFile.Write(path, curves);
        var read = CurveFile.Read(path, 1 << 20)!;

        Assert.Equal(curves.Channels.Select(c => (c.Method, c.Ridge, string.Join(' ', c.Order), string.Join(' ', c.Errors))), read.Channels.Select(c => (c.Method, c.Ridge, string.Join(' ', c.Order), string.Join(' ', c.Errors))));
        Assert.Equal(curves.Splits.Select(s => string.Join(';', s)), read.Splits.Select(s => string.Join(';', s)));
    }

    private static (string? Hash, double Work) Compress(string? folder, CompressionOptions? options = null, int samples = 48, double macs = 0.6)
    {
        var backend = new CountingBackend();
        var result = new Compressor(backend, ModelRunner.Runtime).Compress(
            Model,
            ModelRunner.Samples(Model, samples),
            (options ?? new CompressionOptions()) with { Budget = new(KeepMacs: macs), Trials = 1, Threads = 1, CacheFolder = folder, Reconstruction = ReconstructionMode.None, Split = SplitForm.Response },
            null,
            Token);
        return (result.Model.ContentHash(), backend.Work);
    }

    private static OnnxModel Products()
    {
        var test = new TestModel();
        var first = test.Relu("r1", test.Gemm("first", test.Input("x", "N", 24), 24, 48));
        return test.Output(test.Gemm("last", test.Relu("r2", test.Gemm("second", first, 48, 32)), 32, 6), "N", 6).Build();
    }
}
