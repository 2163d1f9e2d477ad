namespace OnnxCompress.Dependencies;

/// <summary>
/// Union-find over axis indices: elements that can only be removed together share a root. A pin says that a root must
/// stay, and why; of several reasons the first is kept, since later ones often follow from it. An element may be crossed:
/// it is where a row and a column of indices meet (position i of head h), and goes when either of them goes.
/// </summary>
internal sealed class IndexElements
{
    private const int None = -1;

    private readonly List<int> _parents = [];
    private readonly Dictionary<int, PinReason> _pins = [];

    /// <summary>For each root the number of its crossing.</summary>
    private readonly List<int> _crossingOf = [];
    private readonly List<(int Row, int Column)> _crossings = [];

    /// <summary>Roots that are the row or the column of some crossing.</summary>
    private readonly HashSet<int> _owners = [];

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
            _crossingOf.Add(None);
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

    /// <summary>The row and the column that an element lies in, as roots; null for one that is not crossed.</summary>
    public (int Row, int Column)? CrossingOf(int element) =>
        _crossingOf[Root(element)] is >= 0 and var number ? (Root(_crossings[number].Row), Root(_crossings[number].Column)) : null;

    /// <summary>The roots that decide whether an element stays: its own, or its row and its column.</summary>
    public IEnumerable<int> Owners(int element) => CrossingOf(element) is var (row, column) ? [row, column] : [Root(element)];

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

        if (_owners.Remove(joined))
        {
            _owners.Add(kept);
        }

        if (_crossingOf[joined] >= 0 && _crossingOf[kept] >= 0)
        {
            var ((row, column), (otherRow, otherColumn)) = (_crossings[_crossingOf[kept]], _crossings[_crossingOf[joined]]);
            Tie(row, otherRow);
            Tie(column, otherColumn);
        }
        else if (_crossingOf[joined] >= 0)
        {
            _crossingOf[kept] = _crossingOf[joined];
        }

        Settle(kept);
    }

    /// <summary>States that an element lies where a row and a column meet. One that is crossed already has both rows, and both columns, tied.</summary>
    public void Cross(int element, int row, int column)
    {
        if (CrossingOf(row) is not null || CrossingOf(column) is not null)
        {
            // What lies in two rows and two columns is not followed: all of it goes together.
            Tie(element, row);
            Tie(element, column);
            return;
        }

        element = Root(element);
        _owners.Add(Root(row));
        _owners.Add(Root(column));
        if (_crossingOf[element] is >= 0 and var number)
        {
            Tie(_crossings[number].Row, row);
            Tie(_crossings[number].Column, column);
        }
        else
        {
            _crossingOf[element] = _crossings.Count;
            _crossings.Add((row, column));
        }

        Settle(element);
    }

    /// <summary>States that the element must stay; of a crossed one, its row and its column.</summary>
    public void Pin(int element, PinReason reason)
    {
        foreach (var owner in Owners(element))
        {
            _pins.TryAdd(owner, reason);
        }
    }

    /// <summary>Why the element must stay, or null when it may go; a crossed one may go with either.</summary>
    public PinReason? PinOf(int element) => CrossingOf(element) is var (row, column)
        ? _pins.ContainsKey(column) ? _pins.GetValueOrDefault(row) : null
        : _pins.GetValueOrDefault(Root(element));

    /// <summary>A row or column cannot be crossed itself, and what was held before it was crossed holds both.</summary>
    private void Settle(int element)
    {
        var root = Root(element);
        if (_crossingOf[root] is not (>= 0 and var number))
        {
            return;
        }

        var (row, column) = _crossings[number];
        if (_owners.Contains(root))
        {
            _crossingOf[root] = None;
            Tie(root, row);
            Tie(root, column);
        }
        else if (_pins.Remove(root, out var reason))
        {
            _pins.TryAdd(Root(row), reason);
            _pins.TryAdd(Root(column), reason);
        }
    }
}
