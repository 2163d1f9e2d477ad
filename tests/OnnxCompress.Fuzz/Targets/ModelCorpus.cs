using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Tests.Rewriting;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Fuzz.Targets;

/// <summary>Sound small models that others are made from.</summary>
internal static class ModelCorpus
{
    private const int RandomModels = 64;

    /// <summary>Random networks of mapped operators, and some with what those lack.</summary>
    public static ModelProto[] Create() =>
    [
        .. Enumerable.Range(0, RandomModels).Select(seed => ModelProto.Parser.ParseFrom(RandomGraphs.Create(seed).ToBytes())),
        Quantized(), HalfPrecision(), Foreign(), Branching(), Recurrent(), Apart(), Reshaping(),
    ];

    /// <summary>Puts graphs into graphs.</summary>
    /// <param name="model">Changed in place.</param>
    /// <param name="depth">How many, one in the other.</param>
    /// <param name="random">Where.</param>
    public static void Nest(ModelProto model, int depth, Random random)
    {
        if (model.Graph is not { Node.Count: > 0 } graph)
        {
            return;
        }

        var inner = new GraphProto { Name = "innermost" };
        for (; depth > 0; depth--)
        {
            var node = new NodeProto { OpType = "If", Name = "deep" };
            node.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = inner });
            inner = new GraphProto { Name = "nested" };
            inner.Node.Add(node);
        }

        graph.Node[random.Next(graph.Node.Count)].Attribute.Add(
            new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = inner });
    }

    private static ModelProto Quantized()
    {
        var model = Small();
        model.Scalar("s", 0.1f);
        var zero = new TensorProto { Name = "z", DataType = (int)ElementType.UInt8 };
        zero.Int32Data.Add(128);
        model.Graph.Initializer.Add(zero);
        model.Node("QuantizeLinear", "q", ["f1", "s", "z"]);
        model.Node("DequantizeLinear", "dq", ["q", "s", "z"]);
        return Close(model, "dq");
    }

    private static ModelProto HalfPrecision()
    {
        var model = Small();
        model.Node("Cast", "half", ["f1"], ("to", 10));
        var weight = new TensorProto { Name = "h.w", DataType = (int)ElementType.Float16, RawData = ByteString.CopyFrom(new byte[12 * 4 * 2]) };
        weight.Dims.Add([12, 4]);
        model.Graph.Initializer.Add(weight);
        model.Node("MatMul", "h", ["half", "h.w"]);
        model.Node("Cast", "full", ["h"], ("to", 1));
        model.Output("full");
        return model.Proto;
    }

    private static ModelProto Foreign()
    {
        var model = Small();
        model.Node("FusedThing", "odd", ["f1"]);
        model.Graph.Node[^1].Domain = "com.example";
        model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.example", Version = 1 });
        return Close(model, "odd");
    }

    private static ModelProto Branching()
    {
        var model = Small();
        var condition = new TensorProto { Name = "c", DataType = (int)ElementType.Bool };
        condition.Int32Data.Add(1);
        model.Graph.Initializer.Add(condition);
        model.Node("If", "branch", ["c"], ("then_branch", Body("t", "Relu")), ("else_branch", Body("e", "Sigmoid")));
        return Close(model, "branch");

        static GraphProto Body(string name, string operation)
        {
            var graph = new GraphProto { Name = name };
            var node = new NodeProto { OpType = operation, Name = name };
            node.Input.Add("f1");
            node.Output.Add(name + ".y");
            graph.Node.Add(node);
            graph.Output.Add(TestModel.Value(name + ".y", ElementType.Float, "N", 12));
            return graph;
        }
    }

    private static ModelProto Recurrent()
    {
        var model = new TestModel();
        model.Input("x", 5, "N", 4);
        model.Weight("l.w", 1, 24, 4);
        model.Weight("l.r", 1, 24, 6);
        model.Nodes("LSTM", "l", ["x", "l.w", "l.r"], ["l"], ("hidden_size", 6));
        model.Node("Squeeze", "s", ["l", model.Integers("axes", 1)]);
        model.MatMul("m", "s", 6, 3);
        model.Output("m");
        return model.Proto;
    }

    /// <summary>Weights in a file of their own, which is not there.</summary>
    private static ModelProto Apart()
    {
        var model = Close(Small(), "f1");
        var tensor = model.Graph.Initializer[0];
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = "16" });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = "96" });
        return model;
    }

    /// <summary>Shape arithmetic, slices, pads, splits and joins: operators with the most to get wrong.</summary>
    private static ModelProto Reshaping()
    {
        var model = new TestModel();
        model.Input("x", "N", 3, 6, 6);
        model.Conv("c1", "x", 3, 8, 3, pad: 1);
        model.Nodes("Split", "sp", ["c1"], ["p", "q"], ("axis", 1));
        model.Node("Concat", "cat", ["q", "p"], ("axis", 1));
        model.Node("Slice", "sl", ["cat", model.Integers("st", 0), model.Integers("en", 7), model.Integers("ax", 1)]);
        model.Node("Pad", "pad", ["sl", model.Integers("pads", 0, 0, 1, 1, 0, 0, 1, 1)]);
        model.Conv("c2", "pad", 7, 8, 3, group: 1, stride: 2);
        model.Node("Transpose", "tr", ["c2"], ("perm", new long[] { 0, 2, 3, 1 }));
        model.Node("Shape", "sh", ["tr"]);
        model.Node("Gather", "n", ["sh", model.Integers("zero", 0)]);
        model.Node("Concat", "to", ["n", model.Integers("rest", -1)], ("axis", 0));
        model.Node("Reshape", "flat", ["tr", "to"]);
        model.Gemm("f1", "flat", 72, 4);
        model.Output("f1");
        return model.Proto;
    }

    private static TestModel Small()
    {
        var model = new TestModel();
        model.Input("x", "N", 6);
        model.Gemm("f1", model.Relu("r0", model.Gemm("f0", "x", 6, 10)), 10, 12);
        return model;
    }

    private static ModelProto Close(TestModel model, string last)
    {
        model.Gemm("end", last, 12, 3);
        model.Output("end");
        return model.Proto;
    }
}
