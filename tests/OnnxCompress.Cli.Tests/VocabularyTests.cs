using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary><c>--vocabulary</c> on the command line.</summary>
public sealed class VocabularyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(DiagnosticCodes.OptionsConflict, "--vocabulary used", "-d", "d.npy", "--unknown-id", "1")]
    [InlineData(DiagnosticCodes.OptionInvalid, "--unknown-id", "-d", "d.npy", "--vocabulary", "used", "--unknown-id", "UNK")]
    [InlineData(DiagnosticCodes.ArgumentMissing, "--vocabulary FILE", "--vocabulary", "used", "--keep-params", "0.5")]
    public void What_contradicts_it_is_named(string code, string part, params string[] options) =>
        CliRun.Of(["compress", "m.onnx", "-o", "o.onnx", .. options]).HasOneError(2, code, part);

    [Fact]
    public void A_list_without_data_cuts_the_table_and_says_so()
    {
        var test = new TestModel();
        var rows = test.Node("Gather", "embed", [test.Weight("table", 300, 16), test.Input("ids", ElementType.Int64, "N", 4)]);
        File.WriteAllBytes(_folder.File("m.onnx"), test.Output(test.MatMul("head", rows, 16, 3), "N", 4, 3).Bytes());
        File.WriteAllLines(_folder.File("ids.txt"), ["1", "2", "50"]);

        var inspected = CliRun.Of("inspect", _folder.File("m.onnx"));
        var run = CliRun.Of("compress", _folder.File("m.onnx"), "-o", _folder.File("o.onnx"), "--methods", "none", "--vocabulary", _folder.File("ids.txt"), "--unknown-id", "2");

        Assert.Contains("ids: 'table' has 300 rows, 4,800 parameters, looked up with ids", inspected.Output, StringComparison.Ordinal);
        Assert.True(run.Code == 0, run.Error);
        Assert.Matches("table +ids +3 +300 +4,752 +row 2", run.Output);
        Assert.Equal(3L, OnnxModel.Load(_folder.File("o.onnx")).Graph.Constant("table")!.Dims[0]);
        CliRun.Of("compress", _folder.File("m.onnx"), "-o", _folder.File("p.onnx"), "--methods", "none", "--vocabulary", _folder.File("none.txt")).HasOneError(1, DiagnosticCodes.VocabularyUnusable, "none.txt");
    }

    public void Dispose() => _folder.Dispose();
}
