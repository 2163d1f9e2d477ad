namespace OnnxCompress.Numerics;

/// <summary>Whether an operation reads a matrix as it is stored or transposed.</summary>
public enum Transpose
{
    /// <summary>The matrix as stored.</summary>
    No,

    /// <summary>The transposed matrix; nothing is moved in memory.</summary>
    Yes,
}
