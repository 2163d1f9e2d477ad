namespace OnnxCompress.Models;

/// <summary>How the numbers of a weight are stored.</summary>
internal enum WeightForm
{
    /// <summary>Floating point.</summary>
    Float,

    /// <summary>Integers that scales and zero points make numbers of.</summary>
    Quantised,

    /// <summary>Only values that are not zero, with their places.</summary>
    Sparse,
}
