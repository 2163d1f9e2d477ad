namespace OnnxCompress.Models;

/// <summary>
/// Ranges of bytes, those that overlap merged into one: tensors that share bytes then share them in memory and in a side file,
/// and no set of them takes more than the file has.
/// </summary>
internal sealed class SharedRanges
{
    private readonly List<(long Start, long End)> _merged = [];

    /// <summary>Merges ranges.</summary>
    public SharedRanges(IEnumerable<(long Start, long Length)> ranges)
    {
        foreach (var (start, length) in ranges.Where(range => range.Length > 0).Order())
        {
            if (_merged.Count > 0 && start < _merged[^1].End)
            {
                _merged[^1] = (_merged[^1].Start, Math.Max(_merged[^1].End, start + length));
            }
            else
            {
                _merged.Add((start, start + length));
            }
        }
    }

    /// <summary>The merged range that a range lies in; an empty one lies in itself.</summary>
    public (long Start, long Length) Around((long Start, long Length) range)
    {
        if (range.Length == 0)
        {
            return range;
        }

        var index = _merged.BinarySearch((range.Start, long.MaxValue));
        var (start, end) = _merged[~index - 1];
        return (start, end - start);
    }
}
