namespace OnnxCompress.Simplification;

/// <summary>Which values a condition had.</summary>
internal sealed class ConditionsMet
{
    // For samples by themselves, then for several in one run: false, true.
    private readonly bool[,] _met = new bool[2, 2];

    /// <summary>Whether any is known.</summary>
    public bool IsAny => Has(false) || Has(true);

    /// <summary>Whether the file decides it, whatever the inputs are.</summary>
    public bool IsSettled { get; set; }

    /// <summary>Whether it had both.</summary>
    public bool IsBoth => Has(false) && Has(true);

    /// <summary>Whether it had both only because samples were run together.</summary>
    public bool IsBothByNumber => IsBoth && !(_met[0, 0] && _met[0, 1]) && !(_met[1, 0] && _met[1, 1]);

    /// <summary>The only value it had.</summary>
    public bool Value => Has(true);

    /// <summary>Notes a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="isAlone">Whether one sample was run by itself.</param>
    public void Note(bool value, bool isAlone) => _met[isAlone ? 0 : 1, value ? 1 : 0] = true;

    private bool Has(bool value) => _met[0, value ? 1 : 0] || _met[1, value ? 1 : 0];
}
