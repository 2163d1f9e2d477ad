using OnnxCompress.Diagnostics;
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
        var plain = Builder().Build();
        var path = WriteExternal(Builder(), "weights.bin");

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
        var path = WriteExternal(Builder(), "model.onnx.data", "model.onnx");
        var model = OnnxModel.Load(path);

        model.Save(path);

        ModelAssert.SameOutputs(Builder().Build(), OnnxModel.Load(path), 1e-12, "the same bytes");
    }

    [Theory]
    [InlineData("../outside.bin")]
    [InlineData("sub/../../outside.bin")]
    [InlineData("absolute")]
    public void Data_outside_the_folder_are_refused(string location)
    {
        using var elsewhere = new TemporaryFolder();
        var model = Path.Combine(_folder.Root, "inner");
        Directory.CreateDirectory(Path.Combine(model, "sub"));
        var target = location == "absolute" ? elsewhere.File("outside.bin") : _folder.File("outside.bin");
        var path = WriteExternal(Builder(), location == "absolute" ? target : location, "inner/model.onnx", dataFile: target);

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path));

        Assert.Equal(DiagnosticCodes.ExternalDataOutside, error.Diagnostic.Code);
        Assert.NotNull(OnnxModel.Load(path, new ModelLoadOptions(AllowExternalOutside: true)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_that_leads_out_of_the_folder_is_refused(bool linkIsFolder)
    {
        using var elsewhere = new TemporaryFolder();
        var path = WriteExternal(Builder(), linkIsFolder ? "link/secret.bin" : "link.bin", dataFile: elsewhere.File("secret.bin"));
        if (linkIsFolder)
        {
            Directory.CreateSymbolicLink(_folder.File("link"), elsewhere.Root);
        }
        else
        {
            File.CreateSymbolicLink(_folder.File("link.bin"), elsewhere.File("secret.bin"));
        }

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path));

        Assert.Equal(DiagnosticCodes.ExternalDataOutside, error.Diagnostic.Code);
    }

    [Fact]
    public void A_link_inside_the_folder_is_followed()
    {
        var path = WriteExternal(Builder(), "link.bin", dataFile: _folder.File("real.bin"));
        File.CreateSymbolicLink(_folder.File("link.bin"), _folder.File("real.bin"));

        Assert.NotNull(OnnxModel.Load(path));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("short")]
    [InlineData("offset")]
    [InlineData("length")]
    [InlineData("location")]
    public void Data_that_are_not_there_are_refused(string what)
    {
        var builder = Builder();
        var path = WriteExternal(builder, "weights.bin", edit: tensor =>
        {
            switch (what)
            {
                case "offset":
                    tensor.ExternalData.Single(e => e.Key == "offset").Value = "-4";
                    break;
                case "length":
                    tensor.ExternalData.Single(e => e.Key == "length").Value = "99999999999999999999";
                    break;
                case "location":
                    tensor.ExternalData.Remove(tensor.ExternalData.Single(e => e.Key == "location"));
                    break;
            }
        });
        if (what == "missing")
        {
            File.Delete(_folder.File("weights.bin"));
        }
        else if (what == "short")
        {
            File.WriteAllBytes(_folder.File("weights.bin"), File.ReadAllBytes(_folder.File("weights.bin"))[..^1]);
        }

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path));

        Assert.Equal(DiagnosticCodes.ExternalDataMissing, error.Diagnostic.Code);
        Assert.Contains("f1.w", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_in_memory_has_no_folder_to_look_in()
    {
        var path = WriteExternal(Builder(), "weights.bin");

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(File.ReadAllBytes(path)));

        Assert.Equal(DiagnosticCodes.ExternalDataMissing, error.Diagnostic.Code);
    }

    private static TestModel Builder()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 32);
        builder.Gemm("f2", builder.Gemm("f1", "x", 32, 64), 64, 3);
        return builder.Output("f2", "N", 3);
    }

    /// <summary>Moves f1's weight out by hand, so that reading is tested apart from writing.</summary>
    private string WriteExternal(TestModel builder, string location, string name = "model.onnx", string? dataFile = null, Action<TensorProto>? edit = null)
    {
        var tensor = builder.Graph.Initializer.Single(i => i.Name == "f1.w");
        File.WriteAllBytes(dataFile ?? _folder.File(location), [.. new byte[16], .. tensor.RawData.Span]);
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        foreach (var (key, value) in new[] { ("location", location), ("offset", "16"), ("length", $"{tensor.RawData.Length}") })
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        tensor.ClearRawData();
        edit?.Invoke(tensor);
        return _folder.Write(name, builder.Bytes());
    }
}
