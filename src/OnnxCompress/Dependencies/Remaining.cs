namespace OnnxCompress.Dependencies;

/// <summary>
/// What stays of a model, seen from any axis: the one form in which a choice of channels, by an allocation or of a plan, is
/// priced, timed and carried out.
/// </summary>
/// <param name="elements">Ties between indices.</param>
/// <param name="isRootKept">Whether the root of an element stays; null when all do.</param>
internal class Remaining(IndexElements elements, Func<int, bool>? isRootKept)
{
    /// <summary>Whether the root of an element stays; null when all do.</summary>
    protected Func<int, bool>? IsRootKept => isRootKept;

    /// <summary>Whether nothing goes.</summary>
    public bool IsWhole => isRootKept is null;

    /// <summary>Whether an index stays.</summary>
    public bool IsKept(int element) => isRootKept is null
        || (elements.CrossingOf(element) is var (row, column) ? isRootKept(row) && isRootKept(column) : isRootKept(elements.Root(element)));

    /// <summary>How many indices stay.</summary>
    public int Kept(IndexAxis axis) => Kept(axis, 0, axis.Length);

    /// <summary>How many of the indices in [start, end) stay.</summary>
    public int Kept(IndexAxis axis, int start, int end)
    {
        if (IsWhole)
        {
            return end - start;
        }

        var kept = 0;
        foreach (var id in axis.Ids.AsSpan(start, end - start))
        {
            kept += IsKept(id) ? 1 : 0;
        }

        return kept;
    }

    /// <summary>The indices that stay, ascending.</summary>
    public int[] Indices(IndexAxis axis) => [.. Enumerable.Range(0, axis.Length).Where(i => IsKept(axis.Ids[i]))];

    /// <summary>Whether the axis loses indices.</summary>
    public bool Shrinks(IndexAxis? axis) => axis is not null && Kept(axis) < axis.Length;
}
