namespace OnnxCompress.Dependencies;

/// <summary>
/// Union-find over axis indices: elements that can only be removed together share a root. A pin says that a root must
/// stay, and why; of several reasons the first is kept, since later ones often follow from it.
/// </summary>
internal sealed class IndexElements
{
    private readonly List<int> _parents = [];
    private readonly Dictionary<int, PinReason> _pins = [];

    /// <summary>Number of elements.</summary>
    public int Count => _parents.Count;

    /// <summary>Makes an axis of new, unrelated elements.</summary>
    public IndexAxis NewAxis(int length)
    {
        var start = _parents.Count;
        var ids = new int[length];
        for (var i = 0; i < length; i++)
        {
            ids[i] = start + i;
            _parents.Add(start + i);
        }

        return new IndexAxis(ids);
    }

    /// <summary>The element that stands for all that go with this one.</summary>
    public int Root(int element)
    {
        while (_parents[element] != element)
        {
            // Path halving keeps trees flat without recursion.
            element = _parents[element] = _parents[_parents[element]];
        }

        return element;
    }

    /// <summary>States that two elements can only be removed together.</summary>
    public void Tie(int a, int b)
    {
        a = Root(a);
        b = Root(b);
        if (a == b)
        {
            return;
        }

        // The older element stays the root, so that roots do not depend on the order of ties.
        var (kept, joined) = a < b ? (a, b) : (b, a);
        _parents[joined] = kept;
        if (_pins.Remove(joined, out var reason))
        {
            _pins.TryAdd(kept, reason);
        }
    }

    /// <summary>States that the element must stay.</summary>
    public void Pin(int element, PinReason reason) => _pins.TryAdd(Root(element), reason);

    /// <summary>Why the element must stay, or null when it may go.</summary>
    public PinReason? PinOf(int element) => _pins.GetValueOrDefault(Root(element));
}
