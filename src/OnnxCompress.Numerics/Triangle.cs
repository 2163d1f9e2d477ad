namespace OnnxCompress.Numerics;

/// <summary>Which triangle of a square matrix holds the factor; the other one is not read.</summary>
public enum Triangle
{
    /// <summary>Entries on and below the diagonal.</summary>
    Lower,

    /// <summary>Entries on and above the diagonal.</summary>
    Upper,
}
