namespace OnnxCompress.Numerics.Kernels;

/// <summary>One Householder reflector, H = I - scale v v^T with v[0] = 1 (LAPACK's larfg).</summary>
internal static unsafe class Reflector
{
    /// <summary>Makes H x = beta e_1 for a contiguous x.</summary>
    /// <param name="x">On return x[0] = beta and x[1..] = v[1..].</param>
    /// <param name="length">Length of x.</param>
    /// <returns>The scale: 0 when x[1..] is already zero.</returns>
    public static double Make(double* x, int length)
    {
        var tail = length > 1 ? Vectors.Norm(x + 1, length - 1) : 0;
        if (tail == 0)
        {
            return 0;
        }

        var alpha = x[0];
        var beta = -Math.CopySign(Math.Sqrt((alpha * alpha) + (tail * tail)), alpha);
        Vectors.Scale(1 / (alpha - beta), x + 1, length - 1);
        x[0] = beta;
        return (beta - alpha) / beta;
    }
}
