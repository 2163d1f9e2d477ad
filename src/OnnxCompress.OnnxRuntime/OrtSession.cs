using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using ElementType = OnnxCompress.Models.ElementType;

namespace OnnxCompress.OnnxRuntime;

/// <summary>A session of ONNX Runtime; outputs stay where they are, inputs are copied to where their place cannot change a result.</summary>
internal sealed class OrtSession : IModelSession
{
    private readonly InferenceSession _session;

    private readonly SharedWeights _shared;

    private readonly FeedMemory _feeds = new();

    /// <summary>Loads a model.</summary>
    /// <param name="model">The protobuf.</param>
    /// <param name="options">How to load it.</param>
    /// <param name="constants">Constants that the protobuf only announces; they stay where they are.</param>
    internal OrtSession(byte[] model, SessionOptions options, IReadOnlyList<(string Name, ElementType Type, long[] Dims, ReadOnlyMemory<byte> Data)> constants)
    {
        _shared = new SharedWeights(constants);
        try
        {
            _shared.AddTo(options);
            _session = constants.Count == 0 ? new InferenceSession(model, options) : Load(model, options, constants.Max(c => c.Data.Length));
        }
        catch
        {
            _shared.Dispose();
            throw;
        }

        Inputs = [.. _session.InputMetadata.Select(Describe)];
        Outputs = [.. _session.OutputMetadata.Select(Describe)];
    }

    /// <inheritdoc />
    public IReadOnlyList<TensorInfo> Inputs { get; }

    /// <inheritdoc />
    public IReadOnlyList<TensorInfo> Outputs { get; }

    /// <inheritdoc />
    public bool RunsInCallingThread { get; internal set; }

    /// <inheritdoc />
    public RunResult Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<string> outputs, CancellationToken cancellation) =>
        Run(inputs, (options, names, values) => new OrtRunResult(_session.Run(options, names, values, outputs)), cancellation);

    /// <inheritdoc />
    public void Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<HostTensor> outputs, CancellationToken cancellation)
    {
        var results = new List<OrtValue>(outputs.Count);
        try
        {
            foreach (var output in outputs)
            {
                results.Add(Wrap(output));
            }

            _ = Run(inputs, (options, names, values) =>
            {
                _session.Run(options, names, values, [.. outputs.Select(o => o.Name)], results);
                return results;
            }, cancellation);
        }
        finally
        {
            results.ForEach(r => r.Dispose());
        }
    }

    private T Run<T>(IReadOnlyList<HostTensor> inputs, Func<RunOptions, string[], IReadOnlyCollection<OrtValue>, T> run, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        SignalStack.Widen();
        using var feeds = new FedInputs(inputs, _feeds);
        using var options = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using var registration = cancellation.Register(() => options.Terminate = true);
        try
        {
            return run(options, feeds.Names, feeds.Values);
        }
        catch (OnnxRuntimeException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new OnnxCompressException(
                DiagnosticCodes.RunFailed,
                $"ONNX Runtime failed while running the model: {OrtRuntime.FirstLine(e.Message)}",
                e);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _session.Dispose();
        _shared.Dispose();
        _feeds.Dispose();
    }

    /// <summary>
    /// The runtime wants every file to exist that a model names, though it reads none of it: the constants come from
    /// memory. A file without content, and without a place on the disk, does.
    /// </summary>
    private static InferenceSession Load(byte[] model, SessionOptions options, long largest)
    {
        var folder = RunFolder.CreateFolder();
        try
        {
            var path = Path.Combine(folder, "model.onnx");
            RunFolder.Guarded(() =>
            {
                using var nothing = RunFolder.CreateFile(Path.Combine(folder, SharedWeights.Location));
                nothing.SetLength(largest);
                using var graph = RunFolder.CreateFile(path);
                graph.Write(model);
            });
            return new InferenceSession(path, options);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static TensorInfo Describe(KeyValuePair<string, NodeMetadata> entry) =>
        entry.Value.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR
            ? new TensorInfo(
                entry.Key,
                FromOrt(entry.Value.ElementDataType),
                [.. entry.Value.Dimensions.Select((d, i) => new Dimension(
                    d >= 0 ? d : null,
                    entry.Value.SymbolicDimensions[i].Length > 0 ? entry.Value.SymbolicDimensions[i] : null))])
            : new TensorInfo(entry.Key, ElementType.Undefined, null);

    // By element type and not by the array's type: to the runtime an array of bytes is one of signed bytes, too.
    private static OrtValue Wrap(HostTensor tensor) => tensor.Type switch
    {
        ElementType.Float => Wrap((float[])tensor.Values, tensor),
        ElementType.Double => Wrap((double[])tensor.Values, tensor),
        ElementType.Int64 => Wrap((long[])tensor.Values, tensor),
        ElementType.Int32 => Wrap((int[])tensor.Values, tensor),
        ElementType.Int16 => Wrap((short[])tensor.Values, tensor),
        ElementType.Int8 => Wrap((sbyte[])tensor.Values, tensor),
        ElementType.UInt8 => Wrap((byte[])tensor.Values, tensor),
        ElementType.UInt16 => Wrap((ushort[])tensor.Values, tensor),
        ElementType.UInt32 => Wrap((uint[])tensor.Values, tensor),
        ElementType.UInt64 => Wrap((ulong[])tensor.Values, tensor),
        ElementType.Bool => Wrap((bool[])tensor.Values, tensor),
        ElementType.BFloat16 => Wrap(MemoryMarshal.Cast<ushort, BFloat16>((ushort[])tensor.Values).ToArray(), tensor),
        ElementType.Float16 => Wrap(MemoryMarshal.Cast<Half, Float16>((Half[])tensor.Values).ToArray(), tensor),
        _ => throw new OnnxCompressException(
            DiagnosticCodes.RunFailed,
            $"Output '{tensor.Name}' is {tensor.Type}, which this tool cannot read."),
    };

    private static OrtValue Wrap<T>(T[] values, HostTensor tensor)
        where T : unmanaged =>
        OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance,
            values.AsMemory(0, checked((int)tensor.Count)),
            [.. tensor.Dims]);

    internal static ElementType FromOrt(TensorElementType type) => (ElementType)(int)type;
}
