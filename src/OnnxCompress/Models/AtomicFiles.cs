namespace OnnxCompress.Models;

/// <summary>
/// Files that appear together or not at all: each is written under a temporary name in the folder of its target and
/// renamed by <see cref="Commit"/>, in the order added. What was not committed is deleted on disposal.
/// </summary>
internal sealed class AtomicFiles : IDisposable
{
    private readonly List<(string Temporary, string Target)> _files = [];

    /// <summary>Announces a target.</summary>
    /// <returns>The path to write instead.</returns>
    public string Add(string target)
    {
        var temporary = $"{target}.{Environment.ProcessId:x}.tmp";
        _files.Add((temporary, target));
        return temporary;
    }

    /// <summary>Puts every file in its place.</summary>
    public void Commit()
    {
        foreach (var (temporary, target) in _files)
        {
            File.Move(temporary, target, overwrite: true);
        }

        _files.Clear();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var (temporary, _) in _files)
        {
            File.Delete(temporary);
        }

        _files.Clear();
    }
}
