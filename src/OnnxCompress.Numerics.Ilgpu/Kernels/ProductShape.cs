namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>What a product kernel computes: C (rows x columns) &lt;- alpha A B + beta C.</summary>
/// <param name="rows">Rows of C.</param>
/// <param name="columns">Columns of C.</param>
/// <param name="depth">Columns of A, rows of B.</param>
/// <param name="alpha">Factor of the product.</param>
/// <param name="beta">Factor of what C holds; at 0, C is not read.</param>
/// <param name="lowerOnly">Whether tiles above the diagonal are left out.</param>
/// <param name="blockTerms">Products that are summed before they are added to C; a multiple of <see cref="ProductKernel.Depth"/>.</param>
/// <param name="isWideA">Whether quads of A are aligned.</param>
/// <param name="isWideB">Whether quads of B are aligned.</param>
internal readonly struct ProductShape(int rows, int columns, int depth, double alpha, double beta, bool lowerOnly, int blockTerms, bool isWideA, bool isWideB)
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

    /// <summary>1: tiles above the diagonal are left out. Kernels take no Booleans.</summary>
    public readonly int LowerOnly = lowerOnly ? 1 : 0;

    /// <summary>Products that are summed before they are added to C.</summary>
    public readonly int BlockTerms = blockTerms;

    /// <summary>1: quads of A are aligned.</summary>
    public readonly int WideA = isWideA ? 1 : 0;

    /// <summary>1: quads of B are aligned.</summary>
    public readonly int WideB = isWideB ? 1 : 0;
}
