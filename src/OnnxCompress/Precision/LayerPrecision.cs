namespace OnnxCompress.Precision;

/// <summary>The numbers that a layer is stored and run in.</summary>
/// <param name="Layer">Name of its node.</param>
/// <param name="Form">
/// <c>int8</c>: weights and activations, with ranges from calibration data; <c>int8-dynamic</c>: the range of what it reads is
/// taken while the model runs; <c>int8-weights</c>: weights alone, multiplied in floating point; <c>int8-table</c>: rows of a table; <c>int4</c> and <c>int8-blocks</c>: weights alone, with a step for
/// each block of inputs; <c>int4-table</c>: rows of a table with a step for each block; <c>float16</c>: half
/// floats; <c>float</c>: as it was.
/// </param>
public sealed record LayerPrecision(string Layer, string Form)
{
    internal const string Int8 = "int8", Dynamic = "int8-dynamic", Weights = "int8-weights", Table = "int8-table", Blocks = "int4", WideBlocks = "int8-blocks", BlockTable = "int4-table", Half = "float16", Float = "float";

    /// <summary>Why it stayed as it was; null for a layer that did not.</summary>
    public string? Reason { get; init; }

    /// <summary>Logical elements of its weight.</summary>
    public long Parameters { get; init; }

    /// <summary>
    /// Relative error of its output for the inputs that the layers in front of it make now, on samples set aside (weights that were
    /// solved again have seen them); null where it was not measured.
    /// </summary>
    public double? Error { get; init; }

    /// <summary>
    /// What of <see cref="Error"/> the layer's own numbers add: what rounded weights lose more than those that were not, and the noise of
    /// a step of its input. What layers in front of it lost is not in it. Null where it was not measured.
    /// </summary>
    internal double? OwnError { get; init; }
}
