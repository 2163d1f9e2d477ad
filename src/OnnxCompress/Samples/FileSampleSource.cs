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
    private readonly IReadOnlyList<InputFeed> _feeds;
    private readonly IReadOnlyList<InputFeed> _strings;
    private readonly TensorLayout _layout;
    private readonly Preprocessing _preprocessing;
    private readonly IReadOnlyList<bool> _isMade;
    private readonly SampleConverter[] _converters;
    private readonly int[]? _shapes;
    private ulong[]? _hashes;
    private int _convertedShape;

    private FileSampleSource(
        IReadOnlyList<SampleArray> arrays, IReadOnlyList<InputFeed> feeds, IReadOnlyList<InputFeed> strings, TensorLayout layout, Preprocessing preprocessing,
        IReadOnlyList<bool> isMade)
    {
        _isMade = isMade;
        (_arrays, _feeds, _strings, _layout, _preprocessing, Count) = (arrays, feeds, strings, layout, preprocessing, arrays[0].Count);
        _converters = new SampleConverter[feeds.Count];
        _shapes = arrays.Any(array => array.Varies) || feeds.Index().Any(feed => IsOwn(feed.Index)) ? Groups() : null;
        Prepare(0);
    }

    /// <inheritdoc />
    public int Count { get; }

    /// <summary>Set where samples are the steps of sequences.</summary>
    internal Recurrence? Recurrence { get; set; }

    /// <summary>Opens files and checks them against a model's inputs; values are checked as they are read.</summary>
    /// <param name="files">At least one. Several files for one input are read one after the other.</param>
    /// <param name="inputs">The inputs that must be fed.</param>
    /// <param name="layout">What images in the files are stored as.</param>
    /// <param name="preprocessing">Applied to floating-point inputs; resizing and cropping to pictures.</param>
    /// <exception cref="OnnxCompressException">OCX3001, OCX3002, OCX3005, OCX3020, OCX3021 or OCX3022.</exception>
    public static FileSampleSource Open(
        IReadOnlyList<DataFile> files, IReadOnlyList<TensorInfo> inputs, TensorLayout layout, Preprocessing preprocessing)
    {
        return Open(files, FeedPlan.Of(inputs), layout, preprocessing, new Dictionary<string, FoundArray>());
    }

    /// <summary>Opens files for some inputs of a model.</summary>
    /// <param name="files">At least one.</param>
    /// <param name="plan">The inputs that must be fed, fed as beside all others of the model.</param>
    /// <param name="layout">What images in the files are stored as.</param>
    /// <param name="preprocessing">Applied to floating-point inputs; resizing and cropping to pictures.</param>
    /// <param name="made">Data of inputs that no file is for.</param>
    internal static FileSampleSource Open(
        IReadOnlyList<DataFile> files, FeedPlan plan, TensorLayout layout, Preprocessing preprocessing, IReadOnlyDictionary<string, FoundArray> made)
    {
        // Nothing depends on strings that are only handed on.
        InputFeed[] strings = [.. plan.Inputs.Where(feed => feed.Input.OnlyPassesThrough)];
        InputFeed[] feeds = [.. plan.Inputs.Where(feed => !feed.Input.OnlyPassesThrough)];
        CheckFeedable(feeds);
        var opened = new Queue<FoundArray>(ArrayFiles.Open(files, [.. feeds.Where(feed => !made.ContainsKey(feed.Input.Name))], preprocessing));
        FoundArray[] found = [.. feeds.Select(feed => made.TryGetValue(feed.Input.Name, out var array) ? array : opened.Dequeue())];
        try
        {
            var arrays = FeedArrays.Resolve(feeds, found);
            if (!preprocessing.IsIdentity && !feeds.Any(feed => feed.Input.Type.IsFloatingPoint()))
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.PreprocessingMismatch,
                    $"Scale, mean and std apply to floating-point inputs, but the model's are {string.Join("; ", feeds.Select(feed => feed.Input))}.");
            }

            return new(arrays, feeds, strings, layout, preprocessing, [.. feeds.Select(feed => made.ContainsKey(feed.Input.Name))]);
        }
        catch
        {
            Close(found.Select(given => given.Array));
            throw;
        }
    }

    /// <summary>The file that a sample lies in, and the sample's index there.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    public (string File, int Index) Locate(int index) => (_arrays.Where((array, input) => array is not OnceArray && !_isMade[input]).FirstOrDefault() ?? _arrays[0]).Locate(index);

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

        var tensors = new List<HostTensor>(_converters.Length + _strings.Count);
        foreach (var converter in _converters)
        {
            tensors.Add(Read(converter, indices));
        }

        var samples = indices.Length;
        tensors.AddRange(_strings.Select(feed => Batches.Strings(feed, samples)));
        return tensors;
    }

    private static HostTensor Read(SampleConverter converter, ReadOnlySpan<int> indices)
    {
        var feed = converter.Feed;
        // Where one value serves all samples of a run, they are of one group and share it.
        var positions = feed.BatchAxis is null ? Math.Min(1, indices.Length) : indices.Length;
        var batch = converter.Allocate(positions);
        for (var position = 0; position < positions; position++)
        {
            converter.Read(indices[position], batch, position);
        }

        return Batches.Of(feed, converter.Dims, positions, batch);
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

    private static void CheckFeedable(InputFeed[] feeds)
    {
        InputFeed[] others = [.. feeds.Where(feed => InputNeeds.Unfeedable(feed.Input) is not null)];
        if (others.Length > 0)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DataMalformed,
                $"The model's input{(others.Length == 1 ? "" : "s")} {string.Join(" and ", others.Select(feed => $"'{feed.Input.Name}' ({InputNeeds.Unfeedable(feed.Input)})"))} cannot be fed from files: only tensors of numbers can.");
        }
    }

    /// <summary>Whether samples have values of their own where a run has room for one.</summary>
    private bool IsOwn(int input) => _feeds[input].BatchAxis is null && _arrays[input] is not OnceArray;

    // Every shape that occurs is checked against the model before the first is run.
    private int[] Groups()
    {
        var groups = new Dictionary<string, int>(StringComparer.Ordinal);
        var shapes = new Dictionary<string, int>(StringComparer.Ordinal);
        var all = new int[Count];
        for (var index = 0; index < all.Length; index++)
        {
            var shape = string.Join('|', _arrays.Select(array => string.Join(',', array.DimsOf(index))));
            if (shapes.TryAdd(shape, index))
            {
                Prepare(index);
            }

            var key = shape + Own(index);
            if (!groups.TryGetValue(key, out all[index]))
            {
                groups[key] = all[index] = groups.Count;
            }
        }

        return all;
    }

    private string Own(int index)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (input, array) in _arrays.Index().Where(array => IsOwn(array.Index)))
        {
            array.AppendContent(index, hash);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private void Prepare(int index)
    {
        for (var input = 0; input < _converters.Length; input++)
        {
            _converters[input] = new(_arrays[input], index, _feeds[input], _layout, _isMade[input] ? Preprocessing.None : _preprocessing);
        }

        _convertedShape = _shapes is null ? 0 : ShapeGroup(index);
    }

    private static string Numbers(IReadOnlyList<double> values) => string.Join(',', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));

    private static void Close(IEnumerable<SampleArray> arrays)
    {
        foreach (var array in arrays)
        {
            array.Dispose();
        }
    }
}
