namespace OnnxCompress.Calibration.Data;

/// <summary>A file with samples, for one input of the model when <see cref="Input"/> names it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Input">The model input it is for; null: the only input, or the names inside an archive.</param>
public sealed record DataFile(string Path, string? Input = null)
{
    /// <summary>Reads <c>PATH</c> or <c>name=PATH</c>. A file that exists under the whole text is taken as that file.</summary>
    public static DataFile Parse(string text)
    {
        var separator = text.IndexOf('=', StringComparison.Ordinal);
        return separator <= 0 || File.Exists(text) ? new(text) : new(text[(separator + 1)..], text[..separator]);
    }
}
