namespace OnnxCompress.Numerics.Kernels;

/// <summary>Makes plane rotations (LAPACK's lartg).</summary>
internal static class PlaneRotation
{
    private const double Small = 1e-140; // below, squares lose digits

    private static readonly double BigScale = Math.ScaleB(1, 500);

    /// <summary>c, s, r with [c s; -s c] [f; g] = [r; 0].</summary>
    public static (double Cosine, double Sine, double Length) Make(double f, double g)
    {
        if (g == 0)
        {
            return (1, 0, f);
        }

        if (f == 0)
        {
            return (0, 1, g);
        }

        var scale = Math.Max(Math.Abs(f), Math.Abs(g)) < Small ? BigScale : 1;
        var (x, y) = (f * scale, g * scale);
        var length = Math.CopySign(Math.Sqrt((x * x) + (y * y)), f);
        return (x / length, y / length, length / scale);
    }
}
