using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Models;

public sealed class ExternalDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Weights_in_a_side_file_are_read_and_written()
    {
        var plain = SideFileModels.TwoLayers().Build();
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), "weights.bin");

        var model = OnnxModel.Load(path);
        model.Save(_folder.File("out.onnx"));
        var again = OnnxModel.Load(_folder.File("out.onnx"));

        Assert.True(model.NeedsExternalData);
        Assert.True(new FileInfo(_folder.File("out.onnx.data")).Length >= 64 * 32 * 4);
        Assert.True(new FileInfo(_folder.File("out.onnx")).Length < 2048, "The weights are still in the model's own file.");
        ModelAssert.SameOutputs(plain, model, 1e-12, "the same bytes");
        ModelAssert.SameOutputs(plain, again, 1e-12, "the same bytes");
    }

    [Fact]
    public void A_model_saved_over_itself_keeps_its_weights()
    {
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), "model.onnx.data", "model.onnx");
        var model = OnnxModel.Load(path);

        model.Save(path);

        ModelAssert.SameOutputs(SideFileModels.TwoLayers().Build(), OnnxModel.Load(path), 1e-12, "the same bytes");
    }

    [Fact]
    public void Data_of_inner_tensors_are_read_hashed_and_carried_along()
    {
        foreach (var place in Enum.GetValues<TensorPlace>())
        {
            File.WriteAllBytes(_folder.File("side.bin"), [.. Enumerable.Range(0, 32).SelectMany(i => BitConverter.GetBytes(i / 8f))]);
            var expected = SideFileModels.Inside(place, null).Build();
            var model = OnnxModel.Load(_folder.Write("model.onnx", SideFileModels.Inside(place, "side.bin").Bytes()));
            using var elsewhere = new TemporaryFolder();

            model.Save(elsewhere.File("out.onnx"));

            // By its path, as an app does: a reference that still dangles would be looked up beside it.
            using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(elsewhere.File("out.onnx"));
            ModelAssert.SameOutputs(expected, model, 1e-12, $"the same bytes in {place}");
            ModelAssert.SameOutputs(expected, OnnxModel.Load(elsewhere.File("out.onnx")), 1e-12, $"the same bytes in {place}");
            File.WriteAllBytes(_folder.File("side.bin"), new byte[128]);
            Assert.NotEqual(model.SourceSha256, OnnxModel.Load(_folder.File("model.onnx")).SourceSha256);
        }
    }

    [Fact]
    public void Tied_and_overlapping_weights_share_their_bytes_in_memory_and_in_the_side_file()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 64);
        builder.Gemm("f3", builder.Gemm("f2", builder.Gemm("f1", "x", 64, 64), 64, 64), 64, 64);
        builder.Output("f3", "N", 64);
        var weights = new byte[64 * 64 * 4 + 1024];
        for (var i = 0; i < weights.Length / 4; i++)
        {
            BitConverter.TryWriteBytes(weights.AsSpan(i * 4), MathF.Sin(i) / 8);
        }

        TensorProto Tensor(string name) => builder.Graph.Initializer.Single(i => i.Name == name);
        foreach (var (name, offset) in new[] { ("f1.w", 0), ("f2.w", 0), ("f3.w", 1024) })
        {
            Tensor(name).RawData = Google.Protobuf.ByteString.CopyFrom(weights.AsSpan(offset, 64 * 64 * 4));
        }

        var plain = builder.Build();
        foreach (var (name, offset) in new[] { ("f1.w", 0), ("f2.w", 0), ("f3.w", 1024) })
        {
            SideFileModels.Point(Tensor(name), "weights.bin", offset, 64 * 64 * 4);
        }

        _folder.Write("weights.bin", weights);
        var model = OnnxModel.Load(_folder.Write("model.onnx", builder.Bytes()));
        model.Save(_folder.File("out.onnx"));

        ModelAssert.SameOutputs(plain, model, 1e-12, "the same bytes");
        ModelAssert.SameOutputs(plain, OnnxModel.Load(_folder.File("out.onnx")), 1e-12, "the same bytes");
        Assert.Equal(weights, File.ReadAllBytes(_folder.File("out.onnx.data")));
    }

    [Fact]
    public void Many_tensors_over_one_file_take_the_memory_of_one()
    {
        const int Size = 4 << 20;
        var builder = SideFileModels.TwoLayers();
        _folder.Write("large.bin", new byte[Size]);
        for (var i = 0; i < 500; i++)
        {
            var tensor = new TensorProto { Name = $"t{i}", DataType = (int)ElementType.UInt8, Dims = { Size - i } };
            builder.Graph.Initializer.Add(tensor);
            SideFileModels.Point(tensor, "large.bin", i, Size - i);
        }

        var path = _folder.Write("model.onnx", builder.Bytes());
        var before = GC.GetTotalAllocatedBytes();

        var model = OnnxModel.Load(path);

        Assert.True(GC.GetTotalAllocatedBytes() - before < 10 * Size, $"{GC.GetTotalAllocatedBytes() - before} bytes were allocated.");
        model.Save(_folder.File("out.onnx"));
        Assert.Equal(Size, new FileInfo(_folder.File("out.onnx.data")).Length);
    }

    [Fact]
    public void A_copy_is_the_file_itself_or_has_side_files_of_its_own_name()
    {
        using var elsewhere = new TemporaryFolder();
        var plain = _folder.Write("plain.onnx", SideFileModels.TwoLayers().Bytes());
        var apart = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), "compress.rsp");

        OnnxModel.Copy(plain, elsewhere.File("plain.onnx"));
        OnnxModel.Copy(apart, elsewhere.File("apart.onnx"));

        Assert.Equal(File.ReadAllBytes(plain), File.ReadAllBytes(elsewhere.File("plain.onnx")));
        ModelAssert.SameOutputs(SideFileModels.TwoLayers().Build(), OnnxModel.Load(elsewhere.File("apart.onnx")), 1e-12, "the same bytes");
        Assert.Equal(["apart.onnx", "apart.onnx.data", "plain.onnx"], Directory.GetFiles(elsewhere.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_side_file_with_a_name_like_those_between_two_versions_is_left_alone()
    {
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), "model.onnx.new-weights.data");
        var model = OnnxModel.Load(path);
        _folder.Write("model.onnx.data", []);

        model.Save(path);

        Assert.True(File.Exists(_folder.File("model.onnx.new-weights.data")));
        Assert.Equal(["model.onnx.data", "model.onnx.new-weights.data"], Directory.GetFiles(_folder.Root, "*.data").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }
}
