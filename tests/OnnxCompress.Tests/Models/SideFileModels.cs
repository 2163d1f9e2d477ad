using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Models;

/// <summary>Models with tensors in side files.</summary>
internal static class SideFileModels
{
    /// <summary>A model that adds the tensor 'hidden', 0, 1/8, 2/8 and so on, to its input; the tensor lies in a place, and in a side file if there is a name for it.</summary>
    public static TestModel Inside(TensorPlace place, string? location)
    {
        var hidden = new TensorProto
        {
            Name = "hidden", DataType = (int)ElementType.Float, Dims = { 32 },
            RawData = Google.Protobuf.ByteString.CopyFrom([.. Enumerable.Range(0, 32).SelectMany(i => BitConverter.GetBytes(i / 8f))]),
        };
        if (location is not null)
        {
            Point(hidden, location);
        }

        var builder = new TestModel();
        builder.Input("x", "N", 32);
        builder.Node("Add", "y", ["x", "c"]);
        builder.Output("y", "N", 32);
        Put(builder, place, hidden);
        return builder;
    }

    private static void Put(TestModel builder, TensorPlace place, TensorProto hidden)
    {
        var indices = new TensorProto { DataType = (int)ElementType.Int64, Dims = { 32 }, Int64Data = { Enumerable.Range(0, 32).Select(i => (long)i) } };
        switch (place)
        {
            case TensorPlace.Initializer:
                builder.Graph.Initializer.Add(hidden);
                builder.Node("Identity", "c", ["hidden"]);
                break;
            case TensorPlace.Constant:
                builder.Node("Constant", "c", [], ("value", hidden));
                break;
            case TensorPlace.Sparse:
                builder.Graph.SparseInitializer.Add(new SparseTensorProto { Values = hidden, Indices = indices, Dims = { 32 } });
                builder.Node("Identity", "c", ["hidden"]);
                break;
            case TensorPlace.SparseConstant:
                builder.Node("Constant", "c", []);
                builder.Graph.Node[^1].Attribute.Add(new AttributeProto
                {
                    Name = "sparse_value", Type = AttributeProto.Types.AttributeType.SparseTensor,
                    SparseTensor = new SparseTensorProto { Values = hidden, Indices = indices, Dims = { 32 } },
                });
                break;
            case TensorPlace.Function:
                var function = new FunctionProto { Name = "Hidden", Domain = "test", Output = { "out" } };
                function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
                function.Node.Add(Made("Constant", "out", ("value", hidden)));
                builder.Proto.Functions.Add(function);
                builder.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "test", Version = 1 });
                builder.Node("Hidden", "c", []);
                builder.Graph.Node[^1].Domain = "test";
                break;
            default:
                var branch = new GraphProto { Name = "branch" };
                if (place == TensorPlace.Branch)
                {
                    branch.Initializer.Add(hidden);
                    branch.Node.Add(Made("Identity", "out"));
                    branch.Node[0].Input.Add("hidden");
                }
                else
                {
                    branch.Node.Add(Made("Constant", "out", ("value", hidden)));
                }

                branch.Output.Add(TestModel.Value("out", ElementType.Float, 32));
                builder.Graph.Initializer.Add(new TensorProto { Name = "yes", DataType = (int)ElementType.Bool, RawData = Google.Protobuf.ByteString.CopyFrom(1) });
                builder.Node("If", "c", ["yes"], ("then_branch", branch), ("else_branch", branch.Clone()));
                break;
        }

        // Its maker comes before its reader.
        builder.Graph.Node.Insert(0, builder.Graph.Node[^1]);
        builder.Graph.Node.RemoveAt(builder.Graph.Node.Count - 1);
    }

    private static NodeProto Made(string opType, string output, params (string Name, TensorProto Value)[] attributes)
    {
        var node = new NodeProto { OpType = opType, Name = output, Output = { output } };
        node.Attribute.AddRange(attributes.Select(a => new AttributeProto { Name = a.Name, Type = AttributeProto.Types.AttributeType.Tensor, T = a.Value }));
        return node;
    }

    public static void Point(TensorProto tensor, string location, long? offset = null, long? length = null)
    {
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        foreach (var (key, value) in new[] { ("offset", offset), ("length", length) })
        {
            if (value is not null)
            {
                tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = $"{value}" });
            }
        }
    }

    public static TestModel TwoLayers()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 32);
        builder.Gemm("f2", builder.Gemm("f1", "x", 32, 64), 64, 3);
        return builder.Output("f2", "N", 3);
    }

    /// <summary>Moves f1's weight out by hand, so that reading is tested apart from writing.</summary>
    public static string Write(TemporaryFolder folder, TestModel builder, string location, string name = "model.onnx", string? dataFile = null, Action<TensorProto>? edit = null)
    {
        var tensor = builder.Graph.Initializer.Single(i => i.Name == "f1.w");
        File.WriteAllBytes(dataFile ?? folder.File(location), [.. new byte[16], .. tensor.RawData.Span]);
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        foreach (var (key, value) in new[] { ("location", location), ("offset", "16"), ("length", $"{tensor.RawData.Length}") })
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        tensor.ClearRawData();
        edit?.Invoke(tensor);
        return folder.Write(name, builder.Bytes());
    }
}
