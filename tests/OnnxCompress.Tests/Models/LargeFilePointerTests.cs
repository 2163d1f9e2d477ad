using System.Text;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Models;

/// <summary>A checkout without the large files: what stands for them is told apart from files that are damaged.</summary>
public sealed class LargeFilePointerTests : IDisposable
{
    private static readonly byte[] Pointer = Encoding.ASCII.GetBytes(
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345678\n");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_says_how_it_is_fetched() =>
        Refused(DiagnosticCodes.ModelMalformed, () => OnnxModel.Load(_folder.Write("model.onnx", Pointer)));

    [Fact]
    public void A_side_file_says_how_it_is_fetched()
    {
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), "weights.bin");
        File.WriteAllBytes(_folder.File("weights.bin"), Pointer);

        Refused(DiagnosticCodes.ExternalDataMissing, () => OnnxModel.Load(path));
    }

    [Theory]
    [InlineData("data.npy")]
    [InlineData("data.npz")]
    [InlineData("data.pb")]
    [InlineData("data.csv")]
    [InlineData("data.jsonl")]
    [InlineData("data.png")]
    public void Data_say_how_they_are_fetched(string name)
    {
        TensorInfo[] inputs = [new("x", ElementType.Float, [new(null, "n"), new(1), new(8), new(8)])];
        var path = _folder.Write(name, Pointer);

        Refused(DiagnosticCodes.DataMalformed, () => FileSampleSource.Open([DataFile.Parse(path)], inputs, TensorLayout.Nchw, Preprocessing.None).Dispose());
    }

    private static void Refused(string code, Action read)
    {
        var refused = Assert.Throws<OnnxCompressException>(read);
        Assert.Equal(code, refused.Diagnostic.Code);
        Assert.Contains("git lfs pull", refused.Message, StringComparison.Ordinal);
    }
}
