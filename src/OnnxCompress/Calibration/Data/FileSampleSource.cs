using System.Buffers;
using System.Security.Cryptography;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration.Data;

/// <summary>Samples in <c>.npy</c> and <c>.npz</c> files, read as they are asked for: memory does not grow with the files.</summary>
public sealed class FileSampleSource : ISampleSource, IHashedSamples, IDisposable
{
    private readonly IReadOnlyList<SampleArray> _arrays;
    private readonly IReadOnlyList<SampleConverter> _converters;

    private FileSampleSource(IReadOnlyList<SampleArray> arrays, IReadOnlyList<SampleConverter> converters) =>
        (_arrays, _converters, Count) = (arrays, converters, arrays[0].Count);

    /// <inheritdoc />
    public int Count { get; }

    /// <summary>Opens files and checks them against a model's inputs; values are checked as they are read.</summary>
    /// <param name="files">At least one. Several files for one input are read one after the other.</param>
    /// <param name="inputs">The inputs that must be fed.</param>
    /// <param name="layout">What images in the files are stored as.</param>
    /// <param name="preprocessing">Applied to floating-point inputs.</param>
    /// <exception cref="OnnxCompressException">OCX3001, OCX3002, OCX3005, OCX3020, OCX3021 or OCX3022.</exception>
    public static FileSampleSource Open(
        IReadOnlyList<DataFile> files, IReadOnlyList<TensorInfo> inputs, TensorLayout layout, Preprocessing preprocessing)
    {
        var arrays = ArrayFiles.Open(files, [.. inputs.Select(input => input.Name)]);
        try
        {
            CheckCounts(arrays, inputs);
            if (!preprocessing.IsIdentity && !inputs.Any(input => input.Type.IsFloatingPoint()))
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.PreprocessingMismatch,
                    $"Scale, mean and std apply to floating-point inputs, but the model's are {string.Join("; ", inputs)}.");
            }

            return new(arrays, [.. arrays.Zip(inputs, (array, input) => new SampleConverter(array, input, layout, preprocessing))]);
        }
        catch
        {
            Close(arrays);
            throw;
        }
    }

    /// <inheritdoc />
    /// <exception cref="OnnxCompressException">OCX3006: NaN or infinity in a sample; OCX3002: a value an input cannot hold.</exception>
    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
    {
        var tensors = new HostTensor[_converters.Count];
        for (var input = 0; input < tensors.Length; input++)
        {
            var converter = _converters[input];
            var batch = converter.Allocate(indices.Length);
            for (var position = 0; position < indices.Length; position++)
            {
                converter.Read(indices[position], batch, position);
            }

            tensors[input] = new(converter.Input.Name, converter.Input.Type, [indices.Length, .. converter.Dims], batch);
        }

        return tensors;
    }

    /// <inheritdoc />
    void IHashedSamples.AppendContent(int index, IncrementalHash hash)
    {
        foreach (var array in _arrays)
        {
            var rented = ArrayPool<byte>.Shared.Rent(array.SampleBytes);
            var stored = rented.AsSpan(0, array.SampleBytes);
            array.ReadSample(index, stored);
            SampleConverter.CheckFinite(array, index, stored);
            hash.AppendData(stored);
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Closes the files.</summary>
    public void Dispose() => Close(_arrays);

    private static void CheckCounts(IReadOnlyList<SampleArray> arrays, IReadOnlyList<TensorInfo> inputs)
    {
        for (var input = 1; input < arrays.Count; input++)
        {
            if (arrays[input].Count != arrays[0].Count)
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.DataShapeMismatch,
                    $"There are {arrays[0].Count} samples for the input '{inputs[0].Name}' but {arrays[input].Count} for "
                    + $"'{inputs[input].Name}'; every input needs one value for each sample.");
            }
        }
    }

    private static void Close(IReadOnlyList<SampleArray> arrays)
    {
        foreach (var array in arrays)
        {
            array.Dispose();
        }
    }
}
