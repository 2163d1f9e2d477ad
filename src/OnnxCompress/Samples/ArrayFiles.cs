using OnnxCompress.Samples.Images;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Opens data files by extension and puts their arrays beside the model inputs they are for.</summary>
internal static class ArrayFiles
{
    /// <summary>Opens files and matches their arrays with inputs.</summary>
    /// <param name="files">At least one; several for one input are chained in the order given.</param>
    /// <param name="feeds">The inputs that must be fed.</param>
    /// <param name="preparation">How pictures are resized and cropped.</param>
    /// <returns>One array for each input, in the order of <paramref name="feeds"/>; the caller closes them.</returns>
    /// <exception cref="OnnxCompressException">OCX3001, OCX3002, OCX3005, OCX3020 to OCX3023.</exception>
    public static IReadOnlyList<FoundArray> Open(IReadOnlyList<DataFile> files, IReadOnlyList<InputFeed> feeds, Preprocessing preparation)
    {
        var parts = feeds.ToDictionary(feed => feed.Input.Name, _ => new List<FoundArray>(), StringComparer.Ordinal);
        var opened = new List<SampleArray>();
        try
        {
            foreach (var file in files)
            {
                CheckNamed(file, feeds);
                foreach (var (input, array) in file.IsValue ? [(file.Input!, Value(file, feeds))] : Matched(file, feeds, preparation, opened))
                {
                    parts[input].Add(new(array, file.IsOnce, file.IsValue));
                }
            }

            if (preparation is not { Resize: null, Crop: null } && !opened.OfType<ImageArray>().Any())
            {
                throw new OnnxCompressException(DiagnosticCodes.PreprocessingMismatch, $"--resize and --crop apply to pictures ({PictureFormats.Known}), and the data hold none.");
            }

            CheckAll(feeds, parts);
            return [.. feeds.Select(feed => Join(feed.Input.Name, parts[feed.Input.Name]))];
        }
        catch
        {
            opened.ForEach(array => array.Dispose());
            throw;
        }
    }

    /// <summary>Opens every array of one file that is no picture.</summary>
    /// <exception cref="OnnxCompressException">OCX3001: not there; OCX3002: not readable; OCX3020: no samples.</exception>
    public static IReadOnlyList<SampleArray> OpenFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"'{path}' is a folder; give a file.");
        }

        return OpenAll(path, [], Preprocessing.None).Single().Arrays;
    }

    private static MemoryArray Value(DataFile file, IReadOnlyList<InputFeed> feeds) => GivenValue.Read(file.Path, feeds.First(feed => feed.Input.Name == file.Input));

    private static List<(string Input, SampleArray Array)> Matched(
        DataFile file, IReadOnlyList<InputFeed> feeds, Preprocessing preparation, List<SampleArray> opened)
    {
        // An input that other files or values are for needs no name in this one.
        var wanted = file.Input ?? (feeds.Count == 1 ? feeds[0].Input.Name : null);
        TensorInfo[] inputs = [.. feeds.Where(feed => wanted is null || feed.Input.Name == wanted).Select(feed => feed.Input)];
        var matched = new List<(string, SampleArray)>();
        foreach (var (path, named) in OpenAll(file.Path, inputs, preparation))
        {
            opened.AddRange(named);
            matched.AddRange(Match(file with { Path = path }, wanted, named, feeds));
        }

        return matched;
    }

    // Pictures that a path stands for are one array; every other file is opened by itself.
    private static IEnumerable<(string Path, IReadOnlyList<SampleArray> Arrays)> OpenAll(string path, TensorInfo[] inputs, Preprocessing preparation)
    {
        var files = DataPaths.Expand(path);
        var pictures = files.Where(PictureFormats.IsPicture).ToArray();
        if (pictures.Length > 0)
        {
            yield return (path, Guarded(pictures[0], () => [new ImageArray(pictures, inputs.Length == 1 ? inputs[0] : null, preparation)]));
        }

        foreach (var file in files.Where(file => !PictureFormats.IsPicture(file)))
        {
            yield return (file, Guarded(file, () => OpenByExtension(file, inputs)));
        }
    }

    private static IReadOnlyList<SampleArray> Guarded(string path, Func<IReadOnlyList<SampleArray>> open)
    {
        try
        {
            CheckFetched(path);
            return open();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"The data file '{path}' cannot be read: {failure.Message}", failure);
        }
    }

    private static void CheckFetched(string path)
    {
        using var file = InputFile.OpenRead(path);
        if (LargeFilePointer.IsOne(file.SafeFileHandle, file.Length))
        {
            throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{path}' holds no data: {LargeFilePointer.Advice}.");
        }
    }

    private static List<SampleArray> OpenByExtension(string path, TensorInfo[] inputs)
    {
        var arrays = new List<SampleArray>();
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".npz":
                arrays.AddRange(NpzArchive.Open(path));
                break;
            case ".npy":
                arrays.Add(NpyArray.Open(path));
                break;
            case ".pb":
                arrays.Add(TensorFile.Open(path));
                break;
            case ".csv" or ".tsv":
                arrays.AddRange(CsvFile.Open(path, [.. inputs.Select(input => input.Name)]));
                break;
            case ".jsonl" or ".ndjson":
                arrays.AddRange(JsonLinesFile.Open(path));
                break;
            case var other:
                throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{path}' has the extension '{other}'; {DataPaths.Known} are read.");
        }

        return arrays;
    }

    private static void CheckNamed(DataFile file, IReadOnlyList<InputFeed> feeds)
    {
        if (file.Input is { } wanted && feeds.All(feed => feed.Input.Name != wanted))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.InputUnmatched, $"The model has no input '{wanted}' that data are for; its inputs are {Quote(feeds.Select(feed => feed.Input.Name))}.");
        }
    }

    private static IEnumerable<(string Input, SampleArray Array)> Match(DataFile file, string? wanted, IReadOnlyList<SampleArray> named, IReadOnlyList<InputFeed> feeds)
    {
        if (wanted is not null && named.Count == 1)
        {
            return [(wanted, named[0])];
        }

        string[] inputs = [.. feeds.Select(feed => feed.Input.Name)];
        var found = named.Where(array => wanted is null ? inputs.Contains(array.Key) : array.Key == wanted).ToList();
        if (found.Count > 0)
        {
            return found.Select(array => (wanted ?? array.Key, array));
        }

        // Test data sets number their files in the order of the model's inputs.
        if (DataPaths.InputPosition(file.Path) is { } position && position < inputs.Length)
        {
            return [(inputs[position], named[0])];
        }

        throw new OnnxCompressException(
            DiagnosticCodes.InputUnmatched,
            named[0].Key.Length == 0
                ? $"The model has the inputs {Quote(inputs)}; say which one '{file.Path}' is for, and give the others: {InputNeeds.Data(feeds)}"
                : $"'{file.Path}' holds the arrays {Quote(named.Select(array => array.Key))}, none of them named as the inputs {Quote(inputs)}.");
    }

    private static void CheckAll(IReadOnlyList<InputFeed> feeds, Dictionary<string, List<FoundArray>> parts)
    {
        InputFeed[] missing = [.. feeds.Where(feed => parts[feed.Input.Name].Count == 0)];
        if (missing.Length > 0)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.InputUnmatched,
                $"There are no data for the model's input{(missing.Length == 1 ? "" : "s")} {InputNeeds.Names(missing.Select(feed => feed.Input))}; add {InputNeeds.Data(missing)} "
                + "(a file, or in its place one value for all samples: a number, zeros, or @FILE)");
        }
    }

    private static FoundArray Join(string input, List<FoundArray> parts)
    {
        if (parts.Count == 1)
        {
            return parts[0];
        }

        if (parts.Any(part => part.IsOnce))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.InputUnmatched, $"The model's input '{input}' is given once for all samples, and again; leave one of them out.");
        }

#pragma warning disable CA2000 // The caller closes it.
        return new(new SampleArrayChain([.. parts.Select(part => part.Array)]), IsOnce: false, IsValue: false);
#pragma warning restore CA2000
    }

    private static string Quote(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));
}
