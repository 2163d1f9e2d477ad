using OnnxCompress.Samples.Images;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Opens data files by extension and puts their arrays beside the model inputs they are for.</summary>
internal static class ArrayFiles
{
    /// <summary>Opens files and matches their arrays with inputs.</summary>
    /// <param name="files">At least one; several for one input are chained in the order given.</param>
    /// <param name="inputs">The inputs that must be fed.</param>
    /// <param name="preparation">How pictures are resized and cropped.</param>
    /// <returns>One array for each input, in the order of <paramref name="inputs"/>; the caller closes them.</returns>
    /// <exception cref="OnnxCompressException">OCX3001, OCX3002, OCX3005, OCX3020 to OCX3022.</exception>
    public static IReadOnlyList<SampleArray> Open(IReadOnlyList<DataFile> files, IReadOnlyList<TensorInfo> inputs, Preprocessing preparation)
    {
        string[] names = [.. inputs.Select(input => input.Name)];
        var opened = new List<SampleArray>();
        try
        {
            var parts = names.ToDictionary(input => input, _ => new List<SampleArray>(), StringComparer.Ordinal);
            foreach (var file in files)
            {
                var wanted = file.Input ?? (names.Length == 1 ? names[0] : null);
                foreach (var (path, named) in OpenAll(file.Path, wanted is null ? inputs : [.. inputs.Where(input => input.Name == wanted)], preparation))
                {
                    opened.AddRange(named);
                    foreach (var (input, array) in Match(file with { Path = path }, wanted, named, names))
                    {
                        parts[input].Add(array);
                    }
                }
            }

            if (preparation is not { Resize: null, Crop: null } && !opened.OfType<ImageArray>().Any())
            {
                throw new OnnxCompressException(DiagnosticCodes.PreprocessingMismatch, $"--resize and --crop apply to pictures ({PictureFormats.Known}), and the data hold none.");
            }

            return [.. names.Select(input => Join(input, parts[input], names))];
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

    // Pictures that a path stands for are one array; every other file is opened by itself.
    private static IEnumerable<(string Path, IReadOnlyList<SampleArray> Arrays)> OpenAll(string path, IReadOnlyList<TensorInfo> inputs, Preprocessing preparation)
    {
        var files = DataPaths.Expand(path);
        var pictures = files.Where(PictureFormats.IsPicture).ToArray();
        if (pictures.Length > 0)
        {
            yield return (path, Guarded(pictures[0], () => [new ImageArray(pictures, inputs.Count == 1 ? inputs[0] : null, preparation)]));
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
            return open();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"The data file '{path}' cannot be read: {failure.Message}", failure);
        }
    }

    private static List<SampleArray> OpenByExtension(string path, IReadOnlyList<TensorInfo> inputs)
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

    private static IEnumerable<(string Input, SampleArray Array)> Match(DataFile file, string? wanted, IReadOnlyList<SampleArray> named, string[] inputs)
    {
        if (wanted is not null && !inputs.Contains(wanted))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.InputUnmatched, $"The model has no input '{wanted}'; its inputs are {Quote(inputs)}.");
        }

        if (wanted is not null && named.Count == 1)
        {
            return [(wanted, named[0])];
        }

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
                ? $"The model has the inputs {Quote(inputs)}; say which one '{file.Path}' is for: -d NAME={file.Path}"
                : $"'{file.Path}' holds the arrays {Quote(named.Select(array => array.Key))}, none of them named as the inputs {Quote(inputs)}.");
    }

    private static SampleArray Join(string input, List<SampleArray> parts, IReadOnlyList<string> inputs) => parts.Count switch
    {
        0 => throw new OnnxCompressException(
            DiagnosticCodes.InputUnmatched,
            $"There are no data for the model's input '{input}'; all of {Quote(inputs)} are needed: -d {input}=PATH"),
        1 => parts[0],
        _ => new SampleArrayChain(parts),
    };

    private static string Quote(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));
}
