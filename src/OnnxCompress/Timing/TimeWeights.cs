namespace OnnxCompress.Timing;

/// <summary>
/// How the parts of a model that tables know add up to the time of the model as it is written, with the rewrites that change no
/// output: what a millisecond of each part takes inside the model, and what is there whatever is removed.
/// </summary>
/// <param name="Layers">Weight of <see cref="TimeParts.Layers"/>.</param>
/// <param name="Splits">Weight of <see cref="TimeParts.Splits"/>.</param>
/// <param name="Others">Weight of <see cref="TimeParts.Others"/>.</param>
/// <param name="Fixed">Milliseconds beside them; below nothing where what is removed takes more with it than tables say.</param>
internal sealed record TimeWeights(double Layers, double Splits, double Others, double Fixed)
{
    /// <summary>
    /// How far weights are off before anything was measured, over how far a measured share is: few measurements move weights
    /// no further than they must.
    /// </summary>
    private const double Doubt = 15;

    /// <summary>A part that takes less, or more, than this of what its table says is a mistake of measuring.</summary>
    private const double Least = 0.25, Most = 4;

    /// <summary>Three parts, and what is there whatever is removed.</summary>
    private const int Count = 4;

    /// <summary>Nothing was measured beside the tables.</summary>
    public static TimeWeights None { get; } = new(1, 1, 1, 0);

    /// <summary>Milliseconds of a choice.</summary>
    public double Of(TimeParts parts) => (Layers * parts.Layers) + (Splits * parts.Splits) + (Others * parts.Others) + Fixed;

    /// <summary>
    /// The weights under which models that were measured take what was measured, by least squares with a ridge towards those that
    /// need no measurement.
    /// </summary>
    /// <param name="seen">Of each model what tables say, and the share of the original's time that it takes.</param>
    /// <param name="whole">Milliseconds of the original.</param>
    public static TimeWeights Fit(IReadOnlyList<(TimeParts Parts, double Share)> seen, double whole)
    {
        double[] prior = [None.Layers, None.Splits, None.Others, None.Fixed];
        var (normal, right) = (new double[Count, Count], new double[Count]);
        for (var i = 0; i < Count; i++)
        {
            normal[i, i] = 1 / (Doubt * Doubt);
        }

        foreach (var (parts, share) in seen)
        {
            double[] row = [parts.Layers / whole, parts.Splits / whole, parts.Others / whole, 1];
            var miss = share - row.Zip(prior, (r, p) => r * p).Sum();
            for (var i = 0; i < Count; i++)
            {
                right[i] += row[i] * miss;
                for (var j = 0; j < Count; j++)
                {
                    normal[i, j] += row[i] * row[j];
                }
            }
        }

        var weights = Bounded(normal, right, prior);
        return new(weights[0], weights[1], weights[2], weights[3] * whole);
    }

    /// <summary>
    /// Weights within what is believed: the one that is furthest out is put at its end, and the others are fitted to what then is left,
    /// so that together they still take what was measured.
    /// </summary>
    private static double[] Bounded(double[,] normal, double[] right, double[] prior)
    {
        var held = new double?[Count];
        while (true)
        {
            var moved = Solve(normal, right, held);
            double[] weights = [.. prior.Zip(moved, (p, m) => p + m)];
            double Out(int part) => held[part] is null && part != Count - 1 ? Math.Max(Least - weights[part], weights[part] - Most) : 0;
            var furthest = Enumerable.Range(0, Count).MaxBy(Out);
            if (Out(furthest) <= 0)
            {
                return weights;
            }

            held[furthest] = Math.Clamp(weights[furthest], Least, Most) - prior[furthest];
        }
    }

    /// <summary>Solves for those that are not held, with the values of those that are.</summary>
    private static double[] Solve(double[,] normal, double[] right, double?[] held)
    {
        var (a, b) = ((double[,])normal.Clone(), (double[])right.Clone());
        for (var k = 0; k < Count; k++)
        {
            if (held[k] is { } value)
            {
                for (var i = 0; i < Count; i++)
                {
                    b[i] -= a[i, k] * value;
                    (a[i, k], a[k, i]) = (0, 0);
                }

                (a[k, k], b[k]) = (1, value);
            }
        }

        return Solve(a, b);
    }

    /// <summary>Solves a small system, symmetric and definite by its ridge, by elimination.</summary>
    private static double[] Solve(double[,] a, double[] b)
    {
        var n = b.Length;
        for (var k = 0; k < n; k++)
        {
            for (var i = k + 1; i < n; i++)
            {
                var factor = a[i, k] / a[k, k];
                b[i] -= factor * b[k];
                for (var j = k; j < n; j++)
                {
                    a[i, j] -= factor * a[k, j];
                }
            }
        }

        for (var k = n - 1; k >= 0; k--)
        {
            for (var j = k + 1; j < n; j++)
            {
                b[k] -= a[k, j] * b[j];
            }

            b[k] /= a[k, k];
        }

        return b;
    }
}
