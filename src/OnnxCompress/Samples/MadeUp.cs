namespace OnnxCompress.Samples;

/// <summary>What is made up for an input that there are no data for.</summary>
/// <param name="Kind">What values are like.</param>
/// <param name="Value">The constant, or the number of rows of a table; no meaning otherwise.</param>
internal sealed record MadeUp(MadeUpKind Kind, double Value = 0)
{
    /// <summary>Where nothing is known: random numbers, or zeros for types without fractions.</summary>
    public static MadeUp Free { get; } = new(MadeUpKind.Free);

    /// <summary>Zeros.</summary>
    public static MadeUp Zeros { get; } = new(MadeUpKind.Constant);

    /// <summary>Ones.</summary>
    public static MadeUp Ones { get; } = new(MadeUpKind.Constant, 1);
}
