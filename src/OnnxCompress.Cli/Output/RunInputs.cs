using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Output;

/// <summary>The files that a run reads, so that it writes none of them.</summary>
/// <param name="Model">The model; null where none is read.</param>
internal sealed record RunInputs(string? Model)
{
    /// <summary>Where the compressed model goes: the one place where the model itself may be replaced; null for nowhere.</summary>
    public string? Result { get; init; }

    /// <summary>Files named one by one; null for an option that was not given.</summary>
    public IReadOnlyList<string?> Named { get; init; } = [];

    /// <summary>Data, which may be folders and globs.</summary>
    public IReadOnlyList<DataFile> Data { get; init; } = [];

    /// <summary>Whether a path is where the model may be replaced.</summary>
    public bool IsReplaceableModel(string path) => Model is not null && path == Result;

    /// <summary>All files; folders are looked through anew.</summary>
    public IEnumerable<string> Files()
    {
        IEnumerable<string?> named = [Model, .. Named];
        return named.OfType<string>().Concat(Data.SelectMany(Expand));
    }

    private static IReadOnlyList<string> Expand(DataFile data)
    {
        try
        {
            return data.Expand();
        }
        catch (OnnxCompressException)
        {
            // What is not there is said when the data are opened.
            return [];
        }
    }
}
