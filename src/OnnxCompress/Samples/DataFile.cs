namespace OnnxCompress.Samples;

/// <summary>A file, folder or glob with samples, for one input of the model when <see cref="Input"/> names it.</summary>
/// <param name="Path">The file, folder or glob.</param>
/// <param name="Input">The model input it is for; null: the only input, or the names inside an archive.</param>
public sealed record DataFile(string Path, string? Input = null)
{
    /// <summary>All files that the path stands for, in an order that does not depend on the file system.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3001: nothing is there.</exception>
    public IReadOnlyList<string> Expand() => DataPaths.Expand(Path);

    /// <summary>Reads <c>PATH</c> or <c>name=PATH</c>. A file or folder that exists under the whole text is taken as that.</summary>
    public static DataFile Parse(string text)
    {
        var separator = text.IndexOf('=', StringComparison.Ordinal);
        return separator <= 0 || File.Exists(text) || Directory.Exists(text) ? new(text) : new(text[(separator + 1)..], text[..separator]);
    }
}
