namespace OnnxCompress.Samples;

/// <summary>A file, folder or glob with samples, for one input of the model when <see cref="Input"/> names it.</summary>
/// <param name="Path">The file, folder or glob.</param>
/// <param name="Input">The model input it is for; null: the only input, or the names inside an archive.</param>
public sealed record DataFile(string Path, string? Input = null)
{
    /// <summary>Whether the file holds one value for all samples, without an axis that counts them: <c>bias=@bias.npy</c>.</summary>
    public bool IsOnce { get; init; }

    /// <summary>Whether <see cref="Path"/> is no path but the value itself, for all samples: a number, numbers with commas between them, or
    /// <c>zeros</c>.</summary>
    public bool IsValue { get; init; }

    /// <summary>All files that the path stands for, in an order that does not depend on the file system.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3001: nothing is there.</exception>
    public IReadOnlyList<string> Expand() => IsValue ? [] : DataPaths.Expand(Path);

    /// <summary>
    /// Reads <c>PATH</c>, <c>name=PATH</c>, <c>name=@PATH</c> or <c>name=VALUE</c>. A file or folder that exists under the whole text, or
    /// under what would be a value, is taken as that.
    /// </summary>
    public static DataFile Parse(string text)
    {
        var separator = text.IndexOf('=', StringComparison.Ordinal);
        if (separator <= 0 || Exists(text))
        {
            return new(text);
        }

        var (input, rest) = (text[..separator], text[(separator + 1)..]);
        return Exists(rest) ? new(rest, input)
            : rest.StartsWith('@') ? new(rest[1..], input) { IsOnce = true }
            : new(rest, input) { IsValue = ValueText.IsValue(rest), IsOnce = ValueText.IsValue(rest) };
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);
}
