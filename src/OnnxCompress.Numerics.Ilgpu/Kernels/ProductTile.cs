using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>The sizes that product kernels share, and how they write a row of four entries.</summary>
internal static class ProductTile
{
    /// <summary>Entries of C in each direction that one thread makes.</summary>
    public const int Micro = 4;

    /// <summary>Depth of a slice in shared memory.</summary>
    public const int Depth = 16;

    /// <summary>Products that are summed in float before they are added in double; a multiple of <see cref="Depth"/>.</summary>
    public const int BlockTerms = 256;

    /// <summary>Most threads along an edge of a group.</summary>
    public const int MostThreads = 16;

    /// <summary>Most entries along an edge of a tile.</summary>
    public const int MostEdge = Micro * MostThreads;

    /// <summary>Writes columns j, j + threads, j + 2 threads, j + 3 threads of row i, as far as C has them.</summary>
    public static void Store(ArrayView<double> c, Steps steps, ProductShape shape, int i, int j, int threads, double first, double second, double third, double fourth)
    {
        if (i < shape.Rows)
        {
            StoreOne(c, steps, shape, i, j, first);
            StoreOne(c, steps, shape, i, j + threads, second);
            StoreOne(c, steps, shape, i, j + (2 * threads), third);
            StoreOne(c, steps, shape, i, j + (3 * threads), fourth);
        }
    }

    private static void StoreOne(ArrayView<double> c, Steps steps, ProductShape shape, int i, int j, double sum)
    {
        if (j < shape.Columns)
        {
            var at = steps.At(i, j);
            var product = shape.Alpha * sum;
            if (shape.Beta != 0)
            {
                product += shape.Beta * c[at];
            }

            c[at] = product;
        }
    }
}
