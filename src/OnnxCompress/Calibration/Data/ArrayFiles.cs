using OnnxCompress.Diagnostics;

namespace OnnxCompress.Calibration.Data;

/// <summary>Opens data files by extension and puts their arrays beside the model inputs they are for.</summary>
internal static class ArrayFiles
{
    /// <summary>Opens files and matches their arrays with inputs.</summary>
    /// <param name="files">At least one; several for one input are chained in the order given.</param>
    /// <param name="inputs">Names of the inputs that must be fed.</param>
    /// <returns>One array for each input, in the order of <paramref name="inputs"/>; the caller closes them.</returns>
    /// <exception cref="OnnxCompressException">OCX3001, OCX3002, OCX3005, OCX3020 or OCX3021.</exception>
    public static IReadOnlyList<SampleArray> Open(IReadOnlyList<DataFile> files, IReadOnlyList<string> inputs)
    {
        var opened = new List<SampleArray>();
        try
        {
            var parts = inputs.ToDictionary(input => input, _ => new List<SampleArray>(), StringComparer.Ordinal);
            foreach (var file in files)
            {
                var named = OpenFile(file.Path);
                opened.AddRange(named);
                foreach (var (input, array) in Match(file, named, inputs))
                {
                    parts[input].Add(array);
                }
            }

            return [.. inputs.Select(input => Join(input, parts[input], inputs))];
        }
        catch
        {
            opened.ForEach(array => array.Dispose());
            throw;
        }
    }

    /// <summary>Opens every array of one file.</summary>
    /// <exception cref="OnnxCompressException">OCX3001: not there; OCX3002: not readable; OCX3020: no samples.</exception>
    public static IReadOnlyList<SampleArray> OpenFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"'{path}' is a folder; give a .npy or .npz file.");
        }

        if (!File.Exists(path))
        {
            throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"The data file '{path}' does not exist.");
        }

        try
        {
            return OpenByExtension(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new OnnxCompressException(DiagnosticCodes.DataNotFound, $"The data file '{path}' cannot be read: {failure.Message}", failure);
        }
    }

    private static IReadOnlyList<SampleArray> OpenByExtension(string path)
    {
        var extension = Path.GetExtension(path).ToLowerInvariant();
        if (extension == ".npz")
        {
            return NpzArchive.Open(path);
        }

        if (extension != ".npy")
        {
            throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{path}' has the extension '{extension}'; .npy and .npz are read.");
        }

        var arrays = new List<SampleArray>();
        arrays.Add(NpyArray.Open(path));
        return arrays;
    }

    private static IEnumerable<(string Input, SampleArray Array)> Match(
        DataFile file, IReadOnlyList<SampleArray> named, IReadOnlyList<string> inputs)
    {
        var wanted = file.Input ?? (inputs.Count == 1 ? inputs[0] : null);
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
        return found.Count > 0 ? found.Select(array => (wanted ?? array.Key, array)) : throw new OnnxCompressException(
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
