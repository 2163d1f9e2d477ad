using System.Diagnostics;
using Google.Protobuf;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>Models from anywhere: each wrong one is one error with a code, in bounded time and memory, and nothing is written.</summary>
public sealed class HostileModelTests : IDisposable
{
    /// <summary>The files are small; what is allocated for them may not be large.</summary>
    private const long MostBytes = 300L << 20;

    private static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();

    public HostileModelTests() => Directory.CreateDirectory(_folder.File("models"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("empty", DiagnosticCodes.ModelMalformed)]
    [InlineData("half", DiagnosticCodes.ModelMalformed)]
    [InlineData("lying length", DiagnosticCodes.ModelMalformed)]
    [InlineData("endless number", DiagnosticCodes.ModelMalformed)]
    [InlineData("of the runtime", DiagnosticCodes.ModelMalformed)]
    [InlineData("nested 5000 deep", DiagnosticCodes.ModelMalformed)]
    [InlineData("cycle", DiagnosticCodes.GraphInconsistent)]
    [InlineData("two initializers of one name", DiagnosticCodes.GraphInconsistent)]
    [InlineData("two makers of one name", DiagnosticCodes.GraphInconsistent)]
    [InlineData("two inputs of one name", DiagnosticCodes.GraphInconsistent)]
    [InlineData("a name that nothing makes", DiagnosticCodes.GraphInconsistent)]
    [InlineData("an output that nothing makes", DiagnosticCodes.GraphInconsistent)]
    [InlineData("a node without outputs", DiagnosticCodes.GraphInconsistent)]
    [InlineData("no groups", DiagnosticCodes.GraphInconsistent)]
    [InlineData("no groups in a subgraph", DiagnosticCodes.GraphInconsistent)]
    [InlineData("opset 6", DiagnosticCodes.OpsetUnsupported)]
    [InlineData("no opset", DiagnosticCodes.OpsetUnsupported)]
    [InlineData("opset 9999", DiagnosticCodes.RuntimeRefusedModel)]
    [InlineData("unknown domain", DiagnosticCodes.RuntimeRefusedModel)]
    [InlineData("negative dims", DiagnosticCodes.InitializerMalformed)]
    [InlineData("dims past 2^63", DiagnosticCodes.InitializerMalformed)]
    [InlineData("dims past memory", DiagnosticCodes.InitializerMalformed)]
    [InlineData("short initializer", DiagnosticCodes.InitializerMalformed)]
    [InlineData("input of size 0", DiagnosticCodes.InputSizeInvalid)]
    [InlineData("input of size -3", DiagnosticCodes.InputSizeInvalid)]
    [InlineData("input past memory", DiagnosticCodes.InputSizeInvalid)]
    [InlineData("batch past memory", DiagnosticCodes.InputSizeInvalid)]
    [InlineData("data in ..", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("data at the root", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("data behind a link", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("data with a damaged name", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData("data of a constant in ..", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("data of an unused function in ..", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("data in a FIFO", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData("data behind a link to itself", DiagnosticCodes.ExternalDataMissing)]
    public void A_hostile_model_is_one_error(string what, string code)
    {
        var path = _folder.Write("models/model.onnx", Bytes(what));
        foreach (var verb in (string[][])[["inspect", path], ["compress", path, "-o", _folder.File("out.onnx"), "--keep-macs", "0.5"]])
        {
            var (time, allocated) = (Stopwatch.StartNew(), GC.GetTotalAllocatedBytes());

            var run = CliRun.Of(verb);

            run.HasOneError(1, code);
            Assert.True(time.Elapsed < LongestTime, $"It took {time.Elapsed}.");
            Assert.True(GC.GetTotalAllocatedBytes() - allocated < MostBytes, $"{GC.GetTotalAllocatedBytes() - allocated} bytes were allocated.");
            Assert.False(File.Exists(_folder.File("out.onnx")));
            Assert.Empty(Directory.EnumerateFiles(_folder.Root, "*.tmp", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public void Data_outside_the_folder_are_read_when_the_user_says_so()
    {
        var path = _folder.Write("models/model.onnx", Bytes("data in .."));

        Assert.Equal(0, CliRun.Of("inspect", path, "--allow-external-outside").Code);
    }

    [Fact]
    public void A_thousand_constants_over_the_same_bytes_take_the_memory_of_one()
    {
        var path = _folder.Write("models/model.onnx", Bytes("data that overlap"));
        var allocated = GC.GetTotalAllocatedBytes();

        var run = CliRun.Of("inspect", path);

        Assert.Equal(0, run.Code);
        Assert.True(GC.GetTotalAllocatedBytes() - allocated < MostBytes, $"{GC.GetTotalAllocatedBytes() - allocated} bytes were allocated.");
    }

    [Fact]
    public void Weights_in_a_fifo_are_refused_also_when_the_user_trusts_the_model()
    {
        var path = _folder.Write("models/model.onnx", Bytes("data in a FIFO"));

        CliRun.Of("inspect", path, "--allow-external-outside").HasOneError(1, DiagnosticCodes.ExternalDataUnusable, "f1.w");
    }

    [Fact]
    public void Names_of_megabytes_and_control_characters_pass_and_do_not_reach_the_terminal()
    {
        var model = Sound();
        var name = "\u001b]0;gone\u0007\u202e" + new string('x', 5 << 20);
        model.Graph.Node[0].Name = name;
        var path = _folder.Write("model.onnx", model.Bytes());

        var run = CliRun.Of("inspect", path);

        Assert.Equal(0, run.Code);
        Assert.DoesNotContain(run.Output + run.Error, c => c is '\u001b' or '\u0007' or '\u202e');
        Assert.True(run.Output.Length < 1 << 20, $"{run.Output.Length} characters were printed.");
    }

    private byte[] Bytes(string what)
    {
        var model = Sound();
        var (graph, weight) = (model.Graph, model.Graph.Initializer.First(i => i.Name == "f1.w"));
        switch (what)
        {
            case "empty":
                return [];
            case "half":
                return model.Bytes()[..(model.Bytes().Length / 2)];
            case "lying length":
                return [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 1, 2, 3];
            case "endless number":
                return [0x08, .. Enumerable.Repeat((byte)0xFF, 32)];
            case "of the runtime":
                return [0x18, 0, 0, 0, .. "ORTM"u8, .. new byte[100]];
            case "nested 5000 deep":
                return Nested(5000);
            case "cycle":
                graph.Node[0].Input[0] = "f2";
                break;
            case "two initializers of one name":
                graph.Initializer.Add(weight.Clone());
                break;
            case "two makers of one name":
                model.Node("Relu", "r", ["x"]);
                break;
            case "two inputs of one name":
                graph.Input.Add(graph.Input[0].Clone());
                break;
            case "a name that nothing makes":
                graph.Node[0].Input[0] = "nobody";
                break;
            case "an output that nothing makes":
                model.Output("nobody");
                break;
            case "a node without outputs":
                graph.Node.Add(new NodeProto { OpType = "Relu", Name = "idle", Input = { "x" } });
                break;
            case "no groups":
                return Convolution(0).Bytes();
            case "no groups in a subgraph":
                graph.Node[0].Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = Convolution(0).Graph });
                break;
            case "opset 6":
                model.Proto.OpsetImport[0].Version = 6;
                break;
            case "no opset":
                model.Proto.OpsetImport.Clear();
                break;
            case "opset 9999":
                model.Proto.OpsetImport[0].Version = 9999;
                break;
            case "unknown domain":
                graph.Node[0].Domain = "com.example.unknown";
                model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.example.unknown", Version = 1 });
                break;
            case "negative dims":
                Reshape(weight, -8, -6);
                break;
            case "dims past 2^63":
                Reshape(weight, 1L << 40, 1L << 40);
                break;
            case "dims past memory":
                Reshape(weight, 1L << 31, 1L << 20);
                break;
            case "short initializer":
                weight.RawData = ByteString.CopyFrom(weight.RawData.Span[..^4]);
                break;
            case "input of size 0":
                graph.Input[0].Type.TensorType.Shape.Dim[1].DimValue = 0;
                break;
            case "input of size -3":
                graph.Input[0].Type.TensorType.Shape.Dim[1].DimValue = -3;
                break;
            case "input past memory":
                graph.Input[0].Type.TensorType.Shape.Dim[1].DimValue = 1L << 50;
                break;
            case "batch past memory":
                graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = 1L << 40;
                break;
            default:
                MoveOut(model, graph, weight, what);
                break;
        }

        return model.Bytes();
    }

    private void MoveOut(TestModel model, GraphProto graph, TensorProto weight, string what)
    {
        // The model lies one folder down, so that what is outside of its folder still goes with the test's.
        var location = what switch
        {
            "data in .." => "../outside.bin",
            "data at the root" => _folder.File("outside.bin"),
            "data behind a link" => "link.bin",
            "data of a constant in .." or "data of an unused function in .." => "../outside.bin",
            "data that overlap" => "inside.bin",
            "data in a FIFO" => "fifo",
            "data behind a link to itself" => "loop",
            "data with a damaged name" => "inside\0.bin",
            _ => throw new ArgumentException(what, nameof(what)),
        };
        File.WriteAllBytes(_folder.File("outside.bin"), weight.RawData.ToByteArray());
        File.WriteAllBytes(_folder.File("models/inside.bin"), weight.RawData.ToByteArray());
        if (what == "data behind a link")
        {
            File.CreateSymbolicLink(_folder.File("models/link.bin"), _folder.File("outside.bin"));
        }

        if (what == "data in a FIFO")
        {
            using var mkfifo = Process.Start("mkfifo", [_folder.File("models/fifo")]);
            mkfifo.WaitForExit();
        }
        else if (what == "data behind a link to itself")
        {
            File.CreateSymbolicLink(_folder.File("models/loop"), _folder.File("models/loop"));
        }
        else if (what is "data of a constant in .." or "data of an unused function in ..")
        {
            MoveIn(model, weight.Clone(), location, isFunction: what.Contains("function", StringComparison.Ordinal));
            return;
        }

        for (var i = 0; i < 1000 && what == "data that overlap"; i++)
        {
            var copy = weight.Clone();
            copy.Name = $"copy{i}";
            graph.Initializer.Add(copy);
            Point(copy, location);
        }

        Point(weight, location);
    }

    private static void MoveIn(TestModel model, TensorProto tensor, string location, bool isFunction)
    {
        Point(tensor, location);
        var node = new NodeProto { OpType = "Constant", Output = { "unused" } };
        node.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = tensor });
        if (isFunction)
        {
            model.Proto.Functions.Add(new FunctionProto { Name = "Unused", Domain = "test", Node = { node } });
        }
        else
        {
            model.Graph.Node.Add(node);
        }
    }

    private static void Point(TensorProto tensor, string location)
    {
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
    }

    private static TestModel Sound()
    {
        var model = new TestModel();
        model.Input("x", "N", 6);
        model.Gemm("f2", model.Relu("r", model.Gemm("f1", "x", 6, 8)), 8, 3);
        return model.Output("f2", "N", 3);
    }

    private static TestModel Convolution(int group)
    {
        var model = new TestModel();
        model.Input("x", "N", 4, 5, 5);
        model.Node("ConvTranspose", "c", ["x", model.Weight("c.w", 4, 2, 3, 3)], ("group", group));
        return model.Output("c");
    }

    private static void Reshape(TensorProto tensor, params long[] dims)
    {
        tensor.Dims.Clear();
        tensor.Dims.Add(dims);
    }

    /// <summary>Graphs in attributes of nodes of graphs, written by hand: the library that writes would overflow its own stack.</summary>
    private static byte[] Nested(int depth)
    {
        byte[] graph = [];
        for (var i = 0; i < depth; i++)
        {
            // NodeProto.attribute = 5, AttributeProto.g = 6, GraphProto.node = 1, all of wire type 2.
            graph = Field(0x0A, Field(0x2A, Field(0x32, graph)));
        }

        return Field(0x3A, graph);
    }

    private static byte[] Field(byte tag, byte[] content)
    {
        var length = new List<byte>();
        for (var rest = content.Length; ; rest >>= 7)
        {
            length.Add((byte)(rest < 0x80 ? rest : (rest & 0x7F) | 0x80));
            if (rest < 0x80)
            {
                return [tag, .. length, .. content];
            }
        }
    }
}
