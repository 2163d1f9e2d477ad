using System.Globalization;
using System.Security.Cryptography;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// Samples in files: <c>.npy</c>, <c>.npz</c>, <c>.pb</c>, pictures, <c>.csv</c> and <c>.jsonl</c>. Arrays and pictures are
/// read as they are asked for, so that memory does not grow with them; tensors and text are read as a whole.
/// </summary>
public sealed class FileSampleSource : ISampleSource, IHashedSamples, IDisposable
{
    private readonly IReadOnlyList<SampleArray> _arrays;
    private readonly IReadOnlyList<TensorInfo> _inputs;
    private readonly TensorLayout _layout;
    private readonly Preprocessing _preprocessing;
    private readonly SampleConverter[] _converters;
    private readonly int[]? _shapes;
    private ulong[]? _hashes;
    private int _convertedShape;

    private FileSampleSource(IReadOnlyList<SampleArray> arrays, IReadOnlyList<TensorInfo> inputs, TensorLayout layout, Preprocessing preprocessing)
    {
        (_arrays, _inputs, _layout, _preprocessing, Count) = (arrays, inputs, layout, preprocessing, arrays[0].Count);
        _converters = new SampleConverter[inputs.Count];
        _shapes = arrays.Any(array => array.Varies) ? Shapes() : null;
        Prepare(0);
    }

    /// <inheritdoc />
    public int Count { get; }

    /// <summary>Opens files and checks them against a model's inputs; values are checked as they are read.</summary>
    /// <param name="files">At least one. Several files for one input are read one after the other.</param>
    /// <param name="inputs">The inputs that must be fed.</param>
    /// <param name="layout">What images in the files are stored as.</param>
    /// <param name="preprocessing">Applied to floating-point inputs; resizing and cropping to pictures.</param>
    /// <exception cref="OnnxCompressException">OCX3001, OCX3002, OCX3005, OCX3020, OCX3021 or OCX3022.</exception>
    public static FileSampleSource Open(
        IReadOnlyList<DataFile> files, IReadOnlyList<TensorInfo> inputs, TensorLayout layout, Preprocessing preprocessing)
    {
        var arrays = ArrayFiles.Open(files, inputs, preprocessing);
        try
        {
            CheckCounts(arrays, inputs);
            if (!preprocessing.IsIdentity && !inputs.Any(input => input.Type.IsFloatingPoint()))
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.PreprocessingMismatch,
                    $"Scale, mean and std apply to floating-point inputs, but the model's are {string.Join("; ", inputs)}.");
            }

            return new(arrays, inputs, layout, preprocessing);
        }
        catch
        {
            Close(arrays);
            throw;
        }
    }

    /// <summary>The file that a sample lies in, and the sample's index there.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    public (string File, int Index) Locate(int index) => _arrays[0].Locate(index);

    /// <inheritdoc />
    public int ShapeGroup(int index) => _shapes?[index] ?? 0;

    /// <inheritdoc />
    /// <exception cref="OnnxCompressException">OCX3006: NaN or infinity in a sample; OCX3002: a value an input cannot hold; OCX3005:
    /// samples of different shapes in one batch.</exception>
    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
    {
        foreach (var index in indices)
        {
            if (ShapeGroup(index) != ShapeGroup(indices[0]))
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.DataShapeMismatch, $"The samples {indices[0]} and {index} have different shapes and cannot share a batch.");
            }
        }

        if (!indices.IsEmpty && ShapeGroup(indices[0]) != _convertedShape)
        {
            Prepare(indices[0]);
        }

        var tensors = new HostTensor[_converters.Length];
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
    string IHashedSamples.Preparation => string.Create(
        CultureInfo.InvariantCulture,
        $"{_layout} {_preprocessing.Scale:R} [{Numbers(_preprocessing.Mean)}] [{Numbers(_preprocessing.Std)}] {_preprocessing.Resize} {_preprocessing.ResizeFilter} {_preprocessing.Crop}");

    /// <inheritdoc />
    ulong IHashedSamples.ContentHash(int index)
    {
        // 0 stands for not known yet; a sample that really hashes to it is only hashed again.
        _hashes ??= new ulong[Count];
        if (_hashes[index] == 0)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var array in _arrays)
            {
                array.AppendContent(index, hash);
            }

            _hashes[index] = SampleContent.Shorten(hash);
        }

        return _hashes[index];
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

    // Every shape that occurs is checked against the model before the first is run.
    private int[] Shapes()
    {
        var groups = new Dictionary<string, int>(StringComparer.Ordinal);
        var shapes = new int[Count];
        for (var index = 0; index < shapes.Length; index++)
        {
            var key = string.Join('|', _arrays.Select(array => string.Join(',', array.DimsOf(index))));
            if (!groups.TryGetValue(key, out shapes[index]))
            {
                groups[key] = shapes[index] = groups.Count;
                Prepare(index);
            }
        }

        return shapes;
    }

    private void Prepare(int index)
    {
        for (var input = 0; input < _converters.Length; input++)
        {
            _converters[input] = new(_arrays[input], index, _inputs[input], _layout, _preprocessing);
        }

        _convertedShape = ShapeGroup(index);
    }

    private static string Numbers(IReadOnlyList<double> values) => string.Join(',', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));

    private static void Close(IReadOnlyList<SampleArray> arrays)
    {
        foreach (var array in arrays)
        {
            array.Dispose();
        }
    }
}
