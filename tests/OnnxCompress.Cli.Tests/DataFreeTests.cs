using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>
/// Models of the kinds that people ship, compressed with nothing but the model: all of them load, are fed with made-up
/// inputs, and end within the budget, counted here and not by the tool.
/// </summary>
public sealed class DataFreeTests : IDisposable
{
    private const double Share = 0.8;

    private readonly TemporaryFolder _folder = new();

    private static readonly Dictionary<string, Func<TestModel>> Models = new(StringComparer.Ordinal)
    {
        ["a table that is read and, turned, multiplied with"] = TiedTable,
        ["a scalar and a state with its batch on axis 1"] = ScalarAndState,
        ["an input without a batch"] = InputWithoutBatch,
        ["a batch of minus one"] = () => Layers("x", -1),
        ["values in a sequence"] = Sequence,
        ["a sparse weight"] = SparseWeight,
        ["names that a split would give"] = TakenNames,
        ["weights with a leading axis of one"] = () => Layers(layer: LeadingOne),
        ["einsums"] = () => Layers(layer: (model, name, input, from, to) => model.Node("Einsum", name, [input, model.Weight($"{name}.w", from, to)], ("equation", "btd,dh->bth"))),
        ["weights that are listed as inputs"] = ListedWeights,
        ["half weights behind a cast"] = () => Layers(layer: BehindCast),
        ["a local function"] = LocalFunction,
        ["fused products"] = () => Layers(layer: Fused),
        ["convolutions without bias"] = Convolutions,
        ["sizes that are computed"] = ComputedSizes,
        ["constants of shape arithmetic"] = ShapeArithmetic,
        ["dead channels"] = () => DeadChannels(),
        ["ids and a mask"] = IdsAndMask,
        ["a dynamic length"] = DynamicLength,
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_data_every_kind_of_model_ends_within_its_budget()
    {
        var failures = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);

        // At once: each run ends with a second and a half of timing, which is mostly waiting.
        Parallel.ForEach(
            Models.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = Models.Count, CancellationToken = TestContext.Current.CancellationToken },
            kind =>
            {
                if (Failure(kind.Item.Value().Bytes(), kind.Index) is { } failure)
                {
                    failures[kind.Item.Key] = failure;
                }
            });

        Assert.Empty(failures);
    }

    [Fact]
    public void Sizes_that_nobody_gave_are_said_and_reported()
    {
        var (model, report) = (_folder.Write("model.onnx", DynamicLength().Bytes()), _folder.File("report.json"));
        string[] args = ["compress", model, "-o", _folder.File("small.onnx"), "--keep-params", "0.8", "--cache-dir", "none", "--trials", "1", "--report", report];

        var run = CliRun.Of(args);

        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("assumed x=1,16,16; give --shape to say otherwise", run.Error, StringComparison.Ordinal);
        Assert.Contains(DiagnosticCodes.SizesAssumed, File.ReadAllText(report), StringComparison.Ordinal);
        Assert.DoesNotContain("assumed", CliRun.Of([.. args, "--force", "--shape", "x=1,4,16"]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_in_the_branch_that_made_up_inputs_take_are_compressed_and_both_count()
    {
        static GraphProto Branch(string name)
        {
            var inner = Layers("x", "n", prefix: name);
            inner.Graph.Input.Clear();
            return inner.Graph;
        }

        var model = new TestModel();
        model.Input("x", "n", 4, 16);
        model.Node("Greater", "flag", [model.Node("ReduceMax", "top", ["x"], ("keepdims", 0)), model.Scalar("zero", 0)]);
        model.Output(model.Node("If", "if", ["flag"], ("then_branch", Branch("then")), ("else_branch", Branch("else"))), "n", 4, 16);
        var path = _folder.Write("model.onnx", model.Bytes());

        var run = CliRun.Of("compress", path, "-o", _folder.File("small.onnx"), "--keep-params", "0.8", "--cache-dir", "none");

        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("4,097", run.Output, StringComparison.Ordinal);
        var node = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_folder.File("small.onnx"))).Graph.Node.Single(n => n.OpType == "If");
        long Weights(int branch) => node.Attribute[branch].G.Initializer.Sum(i => i.Dims.Aggregate(1L, (product, dim) => product * dim));
        // One branch is as it was, and the other makes the budget for both.
        Assert.Contains(2048L, new[] { Weights(0), Weights(1) });
        Assert.True(Weights(0) + Weights(1) + 1 <= 0.8 * 4097, $"{Weights(0)} and {Weights(1)}");
    }

    [Fact]
    public void Where_nothing_can_go_it_is_said_before_the_data_are_run()
    {
        var model = new TestModel();
        model.Input("x", "n", 4);
        model.Output(model.Node("Add", "shifted", ["x", model.Weight("shift", 4)]), "n", 4);
        var (path, data) = (_folder.Write("model.onnx", model.Bytes()), _folder.Write("d.npy", NpyBytes.Of([40, 4], Enumerable.Range(0, 160).Select(i => (float)i).ToArray())));

        var run = CliRun.Of("compress", path, "-o", _folder.File("small.onnx"), "-d", data, "--keep-params", "0.8", "--cache-dir", "none");

        Assert.Equal(3, run.Code);
        Assert.Contains($"error {DiagnosticCodes.BudgetOutOfReach}: No layer of this model", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("calibrate", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Dead_channels_go_before_living_ones_and_fill_no_multiple()
    {
        // Of 32 hidden channels 17 live: a multiple of four would keep three dead ones.
        var model = _folder.Write("model.onnx", DeadChannels(living: 17).Bytes());
        var result = _folder.File("small.onnx");

        var run = CliRun.Of("compress", model, "-o", result, "--keep-params", "0.9", "--methods", "id", "--cache-dir", "none", "--trials", "1");

        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(17, ModelProto.Parser.ParseFrom(File.ReadAllBytes(result)).Graph.Initializer.Single(i => i.Name == "fc1.w").Dims[0]);
    }

    /// <summary>What is wrong with the result for a model; null for nothing.</summary>
    private string? Failure(byte[] bytes, int index)
    {
        var (model, result) = (_folder.Write($"model{index}.onnx", bytes), _folder.File($"small{index}.onnx"));
        var run = CliRun.Of("compress", model, "-o", result, "--keep-params", "0.8", "--cache-dir", "none", "--trials", "1", "--threads", "1");
        if (run.Code != 0)
        {
            return run.Error;
        }

        var written = File.ReadAllBytes(result);
        var (before, after) = (OnnxModel.Load(bytes), OnnxModel.Load(written));
        return Parameters(written) > Share * Parameters(bytes) ? $"{Parameters(written)} of {Parameters(bytes)} parameters"
            : written.Length >= bytes.Length ? $"{written.Length} of {bytes.Length} bytes"
            : Signature(before) != Signature(after) ? $"{Signature(before)} became {Signature(after)}"
            : null;
    }

    private static string Signature(OnnxModel model) => $"{string.Join(", ", model.Inputs)} -> {string.Join(", ", model.Outputs)}";

    /// <summary>Elements of the stored float tensors, apart from the tool's own count; of sparse ones, the stored values.</summary>
    private static long Parameters(byte[] file)
    {
        var graph = ModelProto.Parser.ParseFrom(file).Graph;
        return graph.Initializer.Concat(graph.SparseInitializer.Select(s => s.Values))
            .Where(t => t.DataType is (int)ElementType.Float or (int)ElementType.Float16).Sum(t => t.Dims.Aggregate(1L, (a, b) => a * b));
    }

    /// <summary>Two layers around a rectifier, on [batch, 4, 16].</summary>
    private static TestModel Layers(
        string input = "x", object? batch = null, Func<TestModel, string, string, int, int, string>? layer = null, string prefix = "")
    {
        layer ??= (model, name, from, inputs, outputs) => model.MatMul(name, from, inputs, outputs);
        var model = new TestModel();
        model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        var hidden = model.Relu($"{prefix}relu", layer(model, $"{prefix}up", model.Input(input, batch ?? "n", 4, 16), 16, 64));
        return model.Output(layer(model, $"{prefix}down", hidden, 64, 16), batch ?? "n", 4, 16);
    }

    private static TestModel TiedTable()
    {
        var model = new TestModel();
        model.Node("Gather", "rows", [model.Weight("table", 40, 16), model.Input("ids", ElementType.Int64, "n", 6)]);
        model.MatMul("fc2", model.Relu("r1", model.MatMul("fc1", "rows", 16, 96)), 96, 16);
        model.Node("Transpose", "turned", ["table"], ("perm", new long[] { 1, 0 }));
        return model.Output(model.Node("MatMul", "logits", ["fc2", "turned"]), "n", 6, 40);
    }

    private static TestModel ScalarAndState()
    {
        var model = new TestModel();
        model.Input("chunk", "N", 16);
        model.Input("state", 2, "N", 16);
        model.Input("rate", ElementType.Int64);
        model.Graph.Input[^1].Type.TensorType.Shape = new TensorShapeProto();
        model.Node("Cast", "speed", ["rate"], ("to", (long)ElementType.Float));
        model.Node("Mul", "scaled", [model.Node("Add", "both", ["state", "chunk"]), model.Node("Sigmoid", "part", ["speed"])]);
        model.MatMul("fc2", model.Relu("r1", model.MatMul("fc1", "scaled", 16, 64)), 64, 16);
        return model.Output(model.Node("Tanh", "next", ["fc2"]), 2, "N", 16);
    }

    private static TestModel DynamicLength()
    {
        var model = new TestModel();
        model.MatMul("fc2", model.Relu("r1", model.MatMul("fc1", model.Input("x", "n", "t", 16), 16, 64)), 64, 16);
        return model.Output("fc2", "n", "t", 16);
    }

    private static TestModel InputWithoutBatch()
    {
        var model = Layers();
        model.Graph.Output.Clear();
        return model.Output(model.Node("MatMul", "mixed", [model.Input("bias", 4, 4), "down"]), "n", 4, 16);
    }

    private static TestModel Sequence()
    {
        var model = Layers();
        model.Graph.Output.Clear();
        model.Nodes("SplitToSequence", "cut", ["down"], ["parts"], ("axis", 2), ("keepdims", 1));
        model.Graph.Initializer.Add(new TensorProto { Name = "first", DataType = (int)ElementType.Int64, Int64Data = { 0 } });
        return model.Output(model.Node("SequenceAt", "part", ["parts", "first"]), "n", 4, 1);
    }

    private static TestModel SparseWeight()
    {
        var model = Layers();
        model.Graph.Output.Clear();
        var values = new TensorProto { Name = "sparse", DataType = 1, Dims = { 4 }, FloatData = { 1, 2, 3, 4 } };
        var places = new TensorProto { Name = "places", DataType = 7, Dims = { 4 }, Int64Data = { 0, 17, 34, 51 } };
        model.Graph.SparseInitializer.Add(new SparseTensorProto { Values = values, Indices = places, Dims = { 16, 16 } });
        return model.Output(model.Node("MatMul", "last", ["down", "sparse"]), "n", 4, 16);
    }

    private static TestModel TakenNames()
    {
        var model = Layers();
        model.Graph.Node.Single(n => n.OpType == "Relu").Name = "up/reduce";
        model.Node("Abs", "up/expand", ["down"]);
        model.Node("Neg", "down/reduce", ["down"]);
        return model.Output("up/expand", "n", 4, 16).Output("down/reduce", "n", 4, 16);
    }

    private static string LeadingOne(TestModel model, string name, string input, int from, int to) =>
        model.Node("MatMul", name, [input, model.Weight($"{name}.w", 1, from, to)]);

    private static TestModel ListedWeights()
    {
        var model = Layers();
        model.Proto.IrVersion = 3;
        model.Graph.Input.AddRange(model.Graph.Initializer.Select(i => TestModel.Value(i.Name, ElementType.Float, [.. i.Dims.Select(d => (object)d)])));
        return model;
    }

    private static string BehindCast(TestModel model, string name, string input, int from, int to)
    {
        model.Weight($"{name}.w", from, to);
        var tensor = model.Graph.Initializer[^1];
        var halves = MemoryMarshal.Cast<byte, float>(tensor.RawData.ToByteArray()).ToArray().Select(v => (Half)v).ToArray();
        (tensor.DataType, tensor.RawData) = ((int)ElementType.Float16, ByteString.CopyFrom(MemoryMarshal.AsBytes(halves.AsSpan())));
        return model.Node("MatMul", name, [input, model.Node("Cast", $"{name}.cast", [tensor.Name], ("to", (long)ElementType.Float))]);
    }

    private static string Fused(TestModel model, string name, string input, int from, int to)
    {
        model.Node("FusedMatMul", name, [input, model.Weight($"{name}.w", from, to)], ("alpha", 0.5f));
        model.Graph.Node[^1].Domain = "com.microsoft";
        return name;
    }

    private static TestModel LocalFunction()
    {
        var model = Layers(layer: (model, name, input, from, to) =>
        {
            model.Node("Layer", name, [input, model.Weight($"{name}.w", from, to)]);
            model.Graph.Node[^1].Domain = "own";
            return name;
        });
        model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "own", Version = 1 });
        model.Proto.Functions.Add(new FunctionProto
        {
            Name = "Layer", Domain = "own", Input = { "a", "b" }, Output = { "c" },
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
            Node = { new NodeProto { OpType = "MatMul", Input = { "a", "b" }, Output = { "c" } } },
        });
        return model;
    }

    private static TestModel Convolutions()
    {
        var model = new TestModel();
        var last = model.Input("x", "n", 3, 8, 8);
        foreach (var (name, from, to) in new[] { ("c1", 3, 16), ("c2", 16, 24), ("c3", 24, 4) })
        {
            last = model.Relu($"{name}.r", model.Node("Conv", name, [last, model.Weight($"{name}.w", to, from, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 })));
        }

        return model.Output(last, "n", 4, 8, 8);
    }

    private static TestModel ComputedSizes()
    {
        var model = new TestModel(opset: 18);
        model.Input("x", "n", 3, 8, 8);
        model.Relu("s", model.Conv("down", "x", 3, 32, 3, pad: 1, stride: 2));
        var size = model.Node("Slice", "size", [model.Node("Shape", "whole", ["x"]), model.Integers("two", 2), model.Integers("four", 4)]);
        var counts = model.Node("Slice", "counts", [model.Node("Shape", "own", ["s"]), model.Integers("zero", 0), "two"]);
        model.Node("Resize", "grown", ["s", "", "", model.Node("Concat", "sizes", [counts, size], ("axis", 0))], ("mode", "nearest"));
        return model.Output(model.Conv("read", "grown", 32, 8, 3, pad: 1), "n", 8, 8, 8);
    }

    private static TestModel ShapeArithmetic()
    {
        var model = Layers();
        model.Graph.Output.Clear();
        model.Node("Gather", "rows", [model.Node("Shape", "shape", ["down"]), model.Integers("zero", 0)]);
        model.Node("Concat", "flat", [model.Node("Mul", "all", ["rows", model.Integers("one", 1)]), model.Integers("rest", 64)], ("axis", 0));
        return model.Output(model.Node("Reshape", "out", ["down", "flat"]), "n", 64);
    }

    /// <summary>Three layers; hidden channels of the first have neither weights nor a bias.</summary>
    private static TestModel DeadChannels(int living = 20)
    {
        var model = new TestModel();
        model.Relu("r1", model.Gemm("fc1", model.Input("x", "n", 16), 16, 32));
        model.Output(model.Gemm("fc3", model.Relu("r2", model.Gemm("fc2", "r1", 32, 8)), 8, 4), "n", 4);
        foreach (var (name, values) in new[] { ("fc1.w", 16), ("fc1.b", 1) })
        {
            var tensor = model.Graph.Initializer.Single(i => i.Name == name);
            var raw = tensor.RawData.ToByteArray();
            raw.AsSpan(living * values * sizeof(float)).Clear();
            tensor.RawData = ByteString.CopyFrom(raw);
        }

        return model;
    }

    private static TestModel IdsAndMask()
    {
        var model = new TestModel();
        model.Input("attention_mask", ElementType.Int64, "n", 6);
        model.Node("Gather", "rows", [model.Weight("table", 40, 16), model.Input("input_ids", ElementType.Int64, "n", 6)]);
        model.MatMul("fc2", model.Relu("r1", model.MatMul("fc1", "rows", 16, 96)), 96, 16);
        model.Node("Unsqueeze", "wide", [model.Node("Cast", "mask", ["attention_mask"], ("to", (long)ElementType.Float)), model.Integers("last", 2)]);
        model.Node("ReduceSum", "total", [model.Node("Mul", "seen", ["fc2", "wide"]), model.Integers("along", 1)], ("keepdims", 0));
        return model.Output(model.Node("Div", "mean", ["total", model.Node("ReduceSum", "count", ["wide", "along"], ("keepdims", 0))]), "n", 16);
    }
}
