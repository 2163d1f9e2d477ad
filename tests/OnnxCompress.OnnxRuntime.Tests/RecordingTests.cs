using System.IO.Compression;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;
using ElementType = OnnxCompress.Models.ElementType;

namespace OnnxCompress.OnnxRuntime.Tests;

public sealed class RecordingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Archive => _folder.File("recorded.npz");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_an_app_feeds_becomes_calibration_data()
    {
        var model = OnnxModel.Load(SampleFiles.Model);
        var images = Enumerable.Range(0, 3 * 784).Select(i => i / 2352f).ToArray();
        float[] direct;
        using (var plain = new InferenceSession(SampleFiles.Model))
        using (var results = plain.Run([Named(images, 3)]))
        {
            direct = [.. results[0].AsEnumerable<float>()];
        }

        using (var inner = new InferenceSession(SampleFiles.Model))
        using (var session = new RecordingSession(inner, Archive))
        {
            using var results = session.Run([Named(images, 3)]);
            using var value = OrtValue.CreateTensorValueFromMemory(images[..784], [1, 1, 28, 28]);
            using var options = new RunOptions();
            using var again = session.Run(options, ["image"], [value], ["logits"]);

            Assert.Equal(direct, results[0].AsEnumerable<float>());
            Assert.Equal(direct[..20], again[0].GetTensorDataAsSpan<float>().ToArray());
            Assert.Equal((4L, 4, 0L), (session.Seen, session.Kept, session.Skipped));
            Assert.False(File.Exists(Archive));
        }

        using var source = FileSampleSource.Open([new(Archive)], model.Inputs, TensorLayout.Nchw, Preprocessing.None);
        Assert.Equal(4, source.Count);
        Assert.Equal([.. images, .. images[..784]], (float[])source.Read([0, 1, 2, 3])[0].Values);
    }

    [Fact]
    public void An_existing_archive_is_added_to()
    {
        for (var run = 0; run < 2; run++)
        {
            using var recorder = new SampleRecorder(Archive);
            recorder.Record([new("a", ElementType.Int64, [2, 1], new long[] { 10 * run, (10 * run) + 1 }), new("b", ElementType.Bool, [2], new[] { true, false })]);
        }

        using var source = Open(new TensorInfo("a", ElementType.Int64, [new(null), new(1)]), new TensorInfo("b", ElementType.Bool, [new(null)]));
        var tensors = source.Read([0, 1, 2, 3]);
        Assert.Equal([0L, 1, 10, 11], (long[])tensors[0].Values);
        Assert.Equal([true, false, true, false], (bool[])tensors[1].Values);
    }

    [Fact]
    public void No_more_than_the_limit_is_kept_and_all_have_the_same_chance()
    {
        using (var recorder = new SampleRecorder(Archive, limit: 100))
        {
            for (var i = 0; i < 1000; i++)
            {
                recorder.Record([new("a", ElementType.Float, [1, 1], new float[] { i })]);
            }

            Assert.Equal((1000L, 100), (recorder.Seen, recorder.Kept));
        }

        using var source = Open(new TensorInfo("a", ElementType.Float, [new(null), new(1)]));
        var kept = (float[])source.Read([.. Enumerable.Range(0, 100)])[0].Values;
        Assert.Equal(100, kept.Distinct().Count());
        // The mean of 100 of 1000 numbers drawn without replacement has a standard error of 27.4; five of them are allowed.
        Assert.InRange(kept.Average(), 499.5 - 137, 499.5 + 137);
    }

    [Fact]
    public void Samples_of_other_shapes_go_to_archives_beside_it()
    {
        using (var recorder = new SampleRecorder(Archive))
        {
            recorder.Record([new("tokens", ElementType.Int64, [1, 3], new long[] { 1, 2, 3 })]);
            recorder.Record([new("tokens", ElementType.Int64, [2, 2], new long[] { 4, 5, 6, 7 })]);
        }

        using var source = FileSampleSource.Open(
            [new(_folder.File("recorded*.npz"))], [new("tokens", ElementType.Int64, [new(null), new(null)])], TensorLayout.Nchw, Preprocessing.None);
        Assert.Equal(3, source.Count);
        Assert.Equal(2, Enumerable.Range(0, 3).Select(source.ShapeGroup).Distinct().Count());
        Assert.Equal(["recorded.2.npz", "recorded.npz"], Directory.GetFiles(_folder.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nothing_recorded_writes_nothing()
    {
        new SampleRecorder(Archive).Dispose();

        Assert.Empty(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_damaged_archive_is_refused_and_left_alone()
    {
        _folder.Write("recorded.npz", [1, 2, 3]);

        Assert.Equal(DiagnosticCodes.DataMalformed, Assert.Throws<OnnxCompressException>(() => new SampleRecorder(Archive)).Diagnostic.Code);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Archive));
    }

    [Fact]
    public void What_cannot_be_recorded_is_refused_when_recording_begins()
    {
        using var session = new InferenceSession(SampleFiles.Model);

        Assert.Throws<ArgumentException>(() => new RecordingSession(session, _folder.File("recorded.npy")));
        Assert.Throws<ArgumentException>(() => new RecordingSession(session, _folder.File("no/folder.npz")));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SampleRecorder(Archive, limit: 0));
    }

    [Fact]
    public void The_archive_is_one_that_other_programs_read()
    {
        using (var recorder = new SampleRecorder(Archive))
        {
            recorder.Record([new("x", ElementType.Float16, [1, 2], new[] { (Half)1, (Half)2 })]);
        }

        using var zip = ZipFile.OpenRead(Archive);
        using var entry = zip.GetEntry("x.npy")!.Open();
        using var bytes = new MemoryStream();
        entry.CopyTo(bytes);
        var array = bytes.ToArray();
        Assert.Equal(NpyBytes.Of([1, 2], (Half)1, (Half)2)[^4..], array[^4..]);
        Assert.Equal(0, (array.Length - 4) % 64);
        Assert.Contains("'descr': '<f2', 'fortran_order': False, 'shape': (1, 2,), }", System.Text.Encoding.ASCII.GetString(array), StringComparison.Ordinal);
    }

    private FileSampleSource Open(params TensorInfo[] inputs) => FileSampleSource.Open([new(Archive)], inputs, TensorLayout.Nchw, Preprocessing.None);

    private static NamedOnnxValue Named(float[] images, int count) => NamedOnnxValue.CreateFromTensor("image", new DenseTensor<float>(images, [count, 1, 28, 28]));
}
