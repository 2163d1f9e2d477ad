using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Models;

/// <summary>Every way a file can be wrong is one clear error.</summary>
public sealed class DamagedModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_cut_anywhere_is_refused_or_still_a_model()
    {
        // Cuts between fields leave a valid message: then something is missing in the graph, not in the bytes.
        var bytes = Chain().Bytes();

        for (var length = 0; length < bytes.Length; length++)
        {
            var error = Record.Exception(() => OnnxModel.Load(bytes.AsSpan(0, length)));
            // The operator set stands last in the file: without it the model is one of the first.
            Assert.True(
                error is null or OnnxCompressException { Diagnostic.Code: DiagnosticCodes.ModelMalformed or DiagnosticCodes.OpsetUnsupported or DiagnosticCodes.GraphInconsistent },
                $"Cut at {length}: {error}");
        }
    }

    [Fact]
    public void Bytes_changed_at_random_never_escape_as_another_exception()
    {
        var bytes = Chain().Bytes();
        var random = new Random(5);

        for (var trial = 0; trial < 2000; trial++)
        {
            var damaged = (byte[])bytes.Clone();
            for (var i = 0; i < 3; i++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            var error = Record.Exception(() => OnnxModel.Load(damaged));
            Assert.True(error is null or OnnxCompressException, $"Trial {trial}: {error}");
        }
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0x18, 0, 0, 0, 0x4F, 0x52, 0x54, 0x4D, 0, 0 })]
    [InlineData(new byte[] { 0x50, 0x4B, 0x03, 0x04, 1, 2, 3 })]
    public void What_is_no_model_is_refused(byte[] bytes)
    {
        var path = _folder.Write("model.onnx", bytes);

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path));

        Assert.Equal(DiagnosticCodes.ModelMalformed, error.Diagnostic.Code);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_the_runtimes_own_format_is_named_as_such()
    {
        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load((ReadOnlySpan<byte>)[0x18, 0, 0, 0, 0x4F, 0x52, 0x54, 0x4D]));

        Assert.Contains(".ort", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_without_a_file_or_with_a_folder_is_refused()
    {
        Assert.Equal(DiagnosticCodes.ModelNotFound, Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(_folder.File("none.onnx"))).Diagnostic.Code);
        Assert.Equal(DiagnosticCodes.ModelNotFound, Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(_folder.File("no/model.onnx"))).Diagnostic.Code);
        Assert.Equal(DiagnosticCodes.ModelNotFound, Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(_folder.Root)).Diagnostic.Code);
    }

    [Fact]
    public void Names_made_twice_and_cycles_are_refused()
    {
        var twice = Chain();
        twice.Graph.Initializer.Add(twice.Graph.Initializer[0].Clone());
        var output = Chain();
        output.Node("Relu", "again", ["x"]);
        output.Graph.Node[^1].Output[0] = "c1";
        var shadow = Chain();
        shadow.Floats("r", [1], 0);
        var cycle = Chain();
        cycle.Graph.Node[0].Input[0] = "c2";

        foreach (var builder in (TestModel[])[twice, output, shadow, cycle])
        {
            Assert.Equal(DiagnosticCodes.GraphInconsistent, Assert.Throws<OnnxCompressException>(builder.Build).Diagnostic.Code);
        }
    }

    [Fact]
    public void Nodes_in_any_order_are_sorted_and_the_sorted_ones_stay()
    {
        var builder = Chain();
        var names = builder.Graph.Node.Select(n => n.Name).ToArray();
        NodeProto[] shuffled = [.. builder.Graph.Node.Reverse()];
        builder.Graph.Node.Clear();
        builder.Graph.Node.AddRange(shuffled);

        var model = builder.Build();

        Assert.Equal(names, model.Graph.Nodes.Select(n => n.Name));
        Assert.Equal(names, ModelProto.Parser.ParseFrom(model.ToBytes()).Graph.Node.Select(n => n.Name));
        ModelAssert.SameOutputs(Chain().Build(), model, 1e-12, "the same nodes");
    }

    private static TestModel Chain()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2, 3, 3);
        builder.Conv("c2", builder.Relu("r", builder.Conv("c1", "x", 2, 3)), 3, 2);
        return builder.Output("c2", "N", 2, 3, 3);
    }
}
