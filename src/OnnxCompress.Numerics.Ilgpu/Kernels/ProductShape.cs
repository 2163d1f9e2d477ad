namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>What a product kernel computes: C (rows x columns) &lt;- alpha A B + beta C.</summary>
/// <param name="rows">Rows of C.</param>
/// <param name="columns">Columns of C.</param>
/// <param name="depth">Columns of A, rows of B.</param>
/// <param name="alpha">Factor of the product.</param>
/// <param name="beta">Factor of what C holds; at 0, C is not read.</param>
/// <param name="lowerOnly">1: tiles above the diagonal are left out.</param>
internal readonly struct ProductShape(int rows, int columns, int depth, double alpha, double beta, int lowerOnly)
{
    /// <summary>Rows of C.</summary>
    public readonly int Rows = rows;

    /// <summary>Columns of C.</summary>
    public readonly int Columns = columns;

    /// <summary>Columns of A, rows of B.</summary>
    public readonly int Depth = depth;

    /// <summary>Factor of the product.</summary>
    public readonly double Alpha = alpha;

    /// <summary>Factor of what C holds.</summary>
    public readonly double Beta = beta;

    /// <summary>1: tiles above the diagonal are left out.</summary>
    public readonly int LowerOnly = lowerOnly;
}
