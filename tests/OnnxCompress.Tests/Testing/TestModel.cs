using System.Globalization;
using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Tests.Testing;

/// <summary>
/// Builds ONNX models in code. A node's name is also the name of its only output, so that layers chain by name; weights
/// are called <c>name.w</c>, biases <c>name.b</c>.
/// </summary>
internal sealed class TestModel
{
    private readonly Random _random;

    public TestModel(long opset = 17, int seed = 1)
    {
        _random = new Random(seed);
        Proto = new ModelProto { IrVersion = 8, ProducerName = "tests", Graph = new GraphProto { Name = "graph" } };
        Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });
    }

    /// <summary>For what the shortcuts do not cover.</summary>
    public ModelProto Proto { get; }

    /// <summary>Its graph.</summary>
    public GraphProto Graph => Proto.Graph;

    /// <summary>Adds an input; a dimension is a number or a name.</summary>
    public string Input(string name, params object[] dims)
    {
        Graph.Input.Add(Value(name, ElementType.Float, dims));
        return name;
    }

    /// <summary>Adds an input of another type.</summary>
    public string Input(string name, ElementType type, params object[] dims)
    {
        Graph.Input.Add(Value(name, type, dims));
        return name;
    }

    /// <summary>Makes a tensor an output; without dimensions its shape is not declared.</summary>
    public TestModel Output(string name, params object[] dims) => Output(name, ElementType.Float, dims);

    /// <summary>Makes a tensor of another type an output.</summary>
    public TestModel Output(string name, ElementType type, params object[] dims)
    {
        Graph.Output.Add(Value(name, type, dims));
        return this;
    }

    /// <summary>Adds a seeded random float constant, scaled so that layers keep the size of their values.</summary>
    public string Weight(string name, params long[] dims)
    {
        var count = dims.Aggregate(1L, (a, b) => a * b);
        var scale = 1 / Math.Sqrt(Math.Max(1, dims.Length > 1 ? count / dims[0] : 1));
        return Floats(name, dims, [.. Enumerable.Range(0, (int)count).Select(_ => (float)(Normal() * scale))]);
    }

    /// <summary>Adds a float constant.</summary>
    public string Floats(string name, long[] dims, params float[] values)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)ElementType.Float, RawData = Raw(values) };
        tensor.Dims.AddRange(dims);
        Graph.Initializer.Add(tensor);
        return name;
    }

    /// <summary>Adds a scalar.</summary>
    public string Scalar(string name, float value) => Floats(name, [], value);

    /// <summary>Adds an int64 vector.</summary>
    public string Integers(string name, params long[] values)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)ElementType.Int64 };
        tensor.Dims.Add(values.Length);
        tensor.Int64Data.AddRange(values);
        Graph.Initializer.Add(tensor);
        return name;
    }

    /// <summary>Adds a node with one output that bears its name.</summary>
    public string Node(string opType, string name, string[] inputs, params (string Name, object Value)[] attributes) =>
        Nodes(opType, name, inputs, [name], attributes)[0];

    /// <summary>Adds a node with several outputs.</summary>
    public string[] Nodes(string opType, string name, string[] inputs, string[] outputs, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = opType, Name = name };
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        node.Attribute.AddRange(attributes.Select(a => Attribute(a.Name, a.Value)));
        Graph.Node.Add(node);
        return outputs;
    }

    /// <summary>Adds a two-dimensional convolution with a square kernel and a bias.</summary>
    public string Conv(string name, string input, int from, int to, int kernel = 1, int pad = 0, int group = 1, int stride = 1, int dilation = 1)
    {
        var weight = Weight($"{name}.w", to, from / group, kernel, kernel);
        var bias = Weight($"{name}.b", to);
        return Node("Conv", name, [input, weight, bias],
            ("kernel_shape", new long[] { kernel, kernel }), ("pads", new long[] { pad, pad, pad, pad }), ("group", group),
            ("strides", new long[] { stride, stride }), ("dilations", new long[] { dilation, dilation }));
    }

    /// <summary>Adds a fully connected layer with a bias.</summary>
    public string Gemm(string name, string input, int from, int to, bool transB = true)
    {
        var weight = transB ? Weight($"{name}.w", to, from) : Weight($"{name}.w", from, to);
        return Node("Gemm", name, [input, weight, Weight($"{name}.b", to)], ("transB", transB ? 1 : 0));
    }

    /// <summary>Adds a product with a constant right operand, and no bias.</summary>
    public string MatMul(string name, string input, int from, int to) => Node("MatMul", name, [input, Weight($"{name}.w", from, to)]);

    /// <summary>Adds a batch normalisation with positive variances.</summary>
    public string BatchNorm(string name, string input, int channels)
    {
        var variance = Floats($"{name}.var", [channels], [.. Enumerable.Range(0, channels).Select(_ => 0.5f + (float)_random.NextDouble())]);
        return Node("BatchNormalization", name,
            [input, Weight($"{name}.scale", channels), Weight($"{name}.shift", channels), Weight($"{name}.mean", channels), variance]);
    }

    /// <summary>Adds a rectifier.</summary>
    public string Relu(string name, string input) => Node("Relu", name, [input]);

    /// <summary>The model's bytes.</summary>
    public byte[] Bytes() => Proto.ToByteArray();

    /// <summary>The model as a user would load it.</summary>
    public OnnxModel Build() => OnnxModel.Load(Bytes());

    /// <summary>The protobuf of a value's name, type and shape.</summary>
    public static ValueInfoProto Value(string name, ElementType type, params object[] dims)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (dims.Length > 0)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.AddRange(dims.Select(d => d is string symbol
                ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(d, CultureInfo.InvariantCulture) }));
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private static ByteString Raw(float[] values) => ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));

    private static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case int or long:
                (attribute.Type, attribute.I) = (AttributeProto.Types.AttributeType.Int, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case float or double:
                (attribute.Type, attribute.F) = (AttributeProto.Types.AttributeType.Float, Convert.ToSingle(value, CultureInfo.InvariantCulture));
                break;
            case string text:
                (attribute.Type, attribute.S) = (AttributeProto.Types.AttributeType.String, ByteString.CopyFromUtf8(text));
                break;
            case long[] values:
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.AddRange(values);
                break;
            case TensorProto tensor:
                (attribute.Type, attribute.T) = (AttributeProto.Types.AttributeType.Tensor, tensor);
                break;
            case GraphProto graph:
                (attribute.Type, attribute.G) = (AttributeProto.Types.AttributeType.Graph, graph);
                break;
            default:
                throw new NotSupportedException(value.GetType().Name);
        }

        return attribute;
    }

    /// <summary>A standard normal number (Box and Muller).</summary>
    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
