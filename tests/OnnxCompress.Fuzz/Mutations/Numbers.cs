namespace OnnxCompress.Fuzz.Mutations;

/// <summary>Numbers at which code breaks more often than at others.</summary>
internal static class Numbers
{
    private static readonly long[] Edges =
    [
        0, 1, -1, 2, 3, 4, 7, 8, 16, 64, 255, 256, 1 << 16, 1 << 20, (1 << 20) + 1, int.MaxValue, int.MinValue, 1L + int.MaxValue, uint.MaxValue,
        1L << 33, 1L << 40, 1L << 62, long.MaxValue, long.MinValue,
    ];

    private static readonly double[] Odd =
        [0, -0.0, 1, -1, 0.5, 1e-45, 1e-30, 1e30, 3.5e38, 1e300, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon];

    /// <summary>An integer near an edge, or a small one.</summary>
    public static long Integer(Random random) => random.Next(3) switch
    {
        0 => random.Next(-4, 20),
        1 => Edges[random.Next(Edges.Length)],
        _ => unchecked(Edges[random.Next(Edges.Length)] + random.Next(-2, 3)),
    };

    /// <summary>A number with a fraction, finite or not.</summary>
    public static double Real(Random random) => random.Next(2) == 0 ? Odd[random.Next(Odd.Length)] : random.NextDouble();
}
