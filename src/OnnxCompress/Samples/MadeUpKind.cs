namespace OnnxCompress.Samples;

/// <summary>What made-up values are like.</summary>
internal enum MadeUpKind
{
    /// <summary>Random numbers for floating-point inputs, zeros for others.</summary>
    Free,

    /// <summary>One value everywhere.</summary>
    Constant,

    /// <summary>Random rows of a table.</summary>
    Rows,

    /// <summary>0, 1, 2 and so on along the last axis.</summary>
    Positions,

    /// <summary>The length of another input's dynamic axis.</summary>
    Length,
}
