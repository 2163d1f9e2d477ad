using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Running;

namespace OnnxCompress.Tests.Verification;

/// <summary>A runtime whose models are functions of a batch of rows.</summary>
internal sealed class FakeRuntime : IModelRuntime
{
    private readonly Dictionary<OnnxModel, Func<float[], float[][]>> _functions = [];

    public string Version => "fake";

    /// <summary>Every run: which model, and how many rows.</summary>
    public List<(OnnxModel Model, int Rows)> Runs { get; } = [];

    /// <summary>Adds a model.</summary>
    /// <param name="function">Maps each row of the input to a row of the output.</param>
    /// <param name="outputDims">Shape of the output behind the batch axis.</param>
    /// <param name="op">The operator that makes the output, as the graph claims.</param>
    /// <param name="batch">The declared batch, when it is fixed.</param>
    /// <param name="output">The output's name.</param>
    public OnnxModel Add(Func<float[], float[]> function, long[] outputDims, string op = "Identity", long? batch = null, string output = "y") =>
        Add(row => [function(row)], [(output, outputDims)], op, batch);

    /// <summary>Adds a model with several outputs.</summary>
    /// <param name="function">Maps each row of the input to a row of each output.</param>
    /// <param name="outputs">Names and shapes behind the batch axis.</param>
    /// <param name="op">The operator that makes the outputs, as the graph claims.</param>
    /// <param name="batch">The declared batch, when it is fixed.</param>
    /// <param name="input">The input's name.</param>
    public OnnxModel Add(Func<float[], float[][]> function, (string Name, long[] Dims)[] outputs, string op = "Identity", long? batch = null, string input = "x")
    {
        var graph = new GraphProto { Name = "g" };
        graph.Input.Add(Value(input, batch, input == "x" ? [1] : [2]));
        foreach (var (name, dims) in outputs)
        {
            graph.Output.Add(Value(name, batch, dims));
            var node = new NodeProto { OpType = op, Name = $"n_{name}" };
            node.Input.Add(input);
            node.Output.Add(name);
            graph.Node.Add(node);
        }

        var proto = new ModelProto { IrVersion = 8, Graph = graph };
        proto.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        var model = OnnxModel.Load(proto.ToByteArray());
        _functions[model] = function;
        return model;
    }

    /// <summary>Models in the order they were opened.</summary>
    public List<OnnxModel> Opened { get; } = [];

    public IModelSession Open(OnnxModel model, SessionSettings settings)
    {
        Opened.Add(model);
        return new Session(this, model, _functions[model]);
    }

    private static ValueInfoProto Value(string name, long? batch, long[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(batch is { } size ? new TensorShapeProto.Types.Dimension { DimValue = size } : new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        shape.Dim.Add(dims.Select(dim => new TensorShapeProto.Types.Dimension { DimValue = dim }));
        return new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = shape } } };
    }

    private sealed class Session(FakeRuntime runtime, OnnxModel model, Func<float[], float[][]> function) : IModelSession
    {
        public IReadOnlyList<TensorInfo> Inputs => model.Inputs;

        public IReadOnlyList<TensorInfo> Outputs => model.Outputs;

        public RunResult Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<string> outputs, CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            var rows = (int)inputs[0].Dims[0];
            runtime.Runs.Add((model, rows));
            var width = (int)(inputs[0].Count / rows);
            float[][][] answers = [.. ((float[])inputs[0].Values).Take(rows * width).Chunk(width).Select(function)];
            return new Result([.. outputs.Select(name => One(name, rows, answers))]);
        }

        public void Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<HostTensor> outputs, CancellationToken cancellation)
        {
            using var result = Run(inputs, [.. outputs.Select(o => o.Name)], cancellation);
            result.Values<float>(0).CopyTo((float[])outputs[0].Values);
        }

        public void Dispose()
        {
        }

        private (long[] Dims, float[] Values) One(string name, int rows, float[][][] answers)
        {
            var index = model.Outputs.Select(o => o.Name).ToList().IndexOf(name);
            return ([rows, .. model.Outputs[index].Dims!.Skip(1).Select(dim => dim.Value!.Value)], [.. answers.SelectMany(answer => answer[index])]);
        }
    }

    private sealed class Result((long[] Dims, float[] Values)[] outputs) : RunResult
    {
        public override IReadOnlyList<long> Dims(int index) => outputs[index].Dims;

        public override ElementType Type(int index) => ElementType.Float;

        public override ReadOnlySpan<T> Values<T>(int index) => (T[])(object)outputs[index].Values;

        protected override void Dispose(bool disposing)
        {
        }
    }
}
