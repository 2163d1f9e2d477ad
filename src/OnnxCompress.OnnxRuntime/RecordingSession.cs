using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxCompress.Samples;
using OnnxCompress.Models;

namespace OnnxCompress.OnnxRuntime;

/// <summary>
/// Stands in for an <see cref="InferenceSession"/> in an app and records what the app feeds it, so that calibration data are what
/// the model really sees. Runs are passed on unchanged; a bounded choice of their inputs is kept in memory and written as an
/// <c>.npz</c> archive on disposal, which <c>compress -d</c> takes as it is: no <c>--scale</c> is needed, the app has applied it.
/// </summary>
/// <example>
/// <code>
/// using var session = new RecordingSession(new InferenceSession("model.onnx"), "recorded.npz");
/// using var results = session.Run(inputs);
/// </code>
/// </example>
public sealed class RecordingSession : IDisposable
{
    private readonly SampleRecorder _recorder;

    /// <summary>Begins to record.</summary>
    /// <param name="session">The app's session; disposed together with this one.</param>
    /// <param name="path">The archive, ending in <c>.npz</c>; an existing one is added to.</param>
    /// <param name="limit">Samples to keep at most, drawn evenly from all that pass.</param>
    /// <param name="seed">Of the choice, once there are more.</param>
    /// <exception cref="ArgumentException">The path does not end in <c>.npz</c>, its folder does not exist, or an input of the model
    /// cannot be recorded: it is no tensor of numbers, or has no first axis to count samples.</exception>
    public RecordingSession(InferenceSession session, string path, int limit = 1024, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(session);
        foreach (var (name, input) in session.InputMetadata)
        {
            if (input.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR || input.IsString || input.Dimensions.Length == 0
                || OrtSession.FromOrt(input.ElementDataType) is ElementType.BFloat16 or ElementType.UInt64)
            {
                throw new ArgumentException($"The input '{name}' cannot be recorded: it is {input.OnnxValueType} of {input.ElementDataType} with {input.Dimensions.Length} axes.", nameof(session));
            }
        }

        Session = session;
        _recorder = new SampleRecorder(path, limit, seed);
    }

    /// <summary>The session that runs the model.</summary>
    public InferenceSession Session { get; }

    /// <summary>Samples that passed so far, those of an existing archive included.</summary>
    public long Seen => _recorder.Seen;

    /// <summary>Samples that are kept.</summary>
    public int Kept => _recorder.Kept;

    /// <summary>Runs that were not recorded, because the first axes of their inputs do not count the same samples.</summary>
    public long Skipped { get; private set; }

    /// <summary>Runs the model, all outputs.</summary>
    public IDisposableReadOnlyCollection<DisposableNamedOnnxValue> Run(IReadOnlyCollection<NamedOnnxValue> inputs) =>
        Run(inputs, [.. Session.OutputMetadata.Keys]);

    /// <summary>Runs the model.</summary>
    public IDisposableReadOnlyCollection<DisposableNamedOnnxValue> Run(IReadOnlyCollection<NamedOnnxValue> inputs, IReadOnlyCollection<string> outputNames)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var results = Session.Run(inputs, outputNames);
        Record([.. inputs.Select(Copy)]);
        return results;
    }

    /// <summary>Runs the model.</summary>
    public IDisposableReadOnlyCollection<OrtValue> Run(
        RunOptions options, IReadOnlyList<string> inputNames, IReadOnlyList<OrtValue> inputs, IReadOnlyList<string> outputNames)
    {
        ArgumentNullException.ThrowIfNull(inputNames);
        ArgumentNullException.ThrowIfNull(inputs);
        var results = Session.Run(options, inputNames, inputs, outputNames);
        Record([.. inputNames.Zip(inputs, Copy)]);
        return results;
    }

    /// <summary>Writes the archive, whole or not at all, and disposes of the session.</summary>
    /// <exception cref="IOException">The archive cannot be written.</exception>
    public void Dispose()
    {
        try
        {
            _recorder.Dispose();
        }
        finally
        {
            Session.Dispose();
        }
    }

    // A run that cannot be recorded is still a good run: the app must not fail because of it.
    private void Record(HostTensor[] inputs)
    {
        if (inputs.Length == 0 || inputs.Any(input => input.Dims.Count == 0 || input.Dims[0] != inputs[0].Dims[0]))
        {
            Skipped++;
            return;
        }

        _recorder.Record(inputs);
    }

    private static HostTensor Copy(NamedOnnxValue input) => input.Value switch
    {
        Tensor<float> values => Copy(input.Name, ElementType.Float, values),
        Tensor<double> values => Copy(input.Name, ElementType.Double, values),
        Tensor<long> values => Copy(input.Name, ElementType.Int64, values),
        Tensor<int> values => Copy(input.Name, ElementType.Int32, values),
        Tensor<short> values => Copy(input.Name, ElementType.Int16, values),
        Tensor<sbyte> values => Copy(input.Name, ElementType.Int8, values),
        Tensor<byte> values => Copy(input.Name, ElementType.UInt8, values),
        Tensor<ushort> values => Copy(input.Name, ElementType.UInt16, values),
        Tensor<uint> values => Copy(input.Name, ElementType.UInt32, values),
        Tensor<bool> values => Copy(input.Name, ElementType.Bool, values),
        Tensor<Float16> values => Copy(input.Name, ElementType.Float16, values),
        var other => throw new NotSupportedException($"The input '{input.Name}' is a {other?.GetType().Name}, which cannot be recorded."),
    };

    private static HostTensor Copy<T>(string name, ElementType type, Tensor<T> values)
    {
        long[] dims = [.. values.Dimensions.ToArray().Select(dim => (long)dim)];
        return new(name, type, dims, values.ToArray());
    }

    private static HostTensor Copy(string name, OrtValue input)
    {
        var shape = input.GetTensorTypeAndShape();
        var type = OrtSession.FromOrt(shape.ElementDataType);
        ReadOnlySpan<byte> bytes = input.GetTensorMutableRawData();
        var values = type.NewArray(checked((int)shape.ElementCount))
            ?? throw new NotSupportedException($"The input '{name}' is {type}, which cannot be recorded.");
        bytes.CopyTo(type.Bytes(values));
        return new(name, type, shape.Shape, values);
    }
}
