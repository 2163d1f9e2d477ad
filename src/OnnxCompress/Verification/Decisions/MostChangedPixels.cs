namespace OnnxCompress.Verification.Decisions;

/// <summary>The samples of which most pixels changed; of equals the first stay.</summary>
internal sealed class MostChangedPixels
{
    private const int Most = 8;

    private readonly List<PixelChanges> _kept = [];

    /// <summary>The samples, the most changed first.</summary>
    public IReadOnlyList<PixelChanges> Kept => _kept;

    /// <summary>Looks at the pixels of one sample.</summary>
    /// <param name="sample">The sample's index.</param>
    /// <param name="dims">Shape of the output; its last axes are rows and columns, with classes before, behind or on neither side of them.</param>
    /// <param name="wanted">What the original decides.</param>
    /// <param name="got">What the compressed model decides.</param>
    /// <param name="counted">Which pixels count; empty: all.</param>
    public void Add(int sample, IReadOnlyList<long> dims, ReadOnlySpan<long> wanted, ReadOnlySpan<long> got, ReadOnlySpan<bool> counted)
    {
        var (changed, all, map) = (0, 0, new bool[wanted.Length]);
        for (var i = 0; i < wanted.Length; i++)
        {
            if (counted.IsEmpty || counted[i])
            {
                all++;
                map[i] = wanted[i] != got[i];
                changed += map[i] ? 1 : 0;
            }
        }

        if (changed == 0 || (_kept.Count == Most && (double)changed / all <= _kept[^1].Share))
        {
            return;
        }

        var made = new PixelChanges(sample, WidthOf(dims, wanted.Length), map, changed, all);
        var at = _kept.FindIndex(other => other.Share < made.Share);
        _kept.Insert(at < 0 ? _kept.Count : at, made);
        if (_kept.Count > Most)
        {
            _kept.RemoveAt(Most);
        }
    }

    // Rows and columns are the neighbours whose product is the number of pixels; without such, all lie in one row.
    private static int WidthOf(IReadOnlyList<long> dims, int pixels)
    {
        for (var axis = dims.Count - 1; axis > 1; axis--)
        {
            if (dims[axis] * dims[axis - 1] == pixels)
            {
                return (int)dims[axis];
            }
        }

        return pixels;
    }
}
