namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// A product of reflectors H_1 ... H_k = I - V T V^T in the compact WY form (Schreiber and Van Loan 1989), so that applying
/// them is three matrix products.
/// </summary>
internal sealed unsafe class BlockReflector : IDisposable
{
    /// <summary>Reflectors in a block.</summary>
    public const int Width = 32;

    private readonly Workspace<double> _vectors;
    private readonly Workspace<double> _mixing = new(Width * Width);
    private readonly Workspace<double> _products;
    private Block<double> _v;
    private Block<double> _t;

    /// <summary>Room for blocks of reflectors of a length, applied to blocks of at most a number of columns.</summary>
    public BlockReflector(int length, int columns)
    {
        _vectors = new((long)Width * length);
        _products = new(2L * Width * columns);
    }

    /// <summary>
    /// Takes the reflectors below the diagonal of a compact factor (m x k, k at most <see cref="Width"/>), column j
    /// starting with an implied 1 at row j.
    /// </summary>
    public void Load(Team team, Block<double> compact, ReadOnlySpan<double> scales)
    {
        var count = scales.Length;
        _v = _vectors.AsBlock(count, compact.Rows);
        _t = _mixing.AsBlock(count, count);
        Vectors.Copy(team, compact.Transposed, _v);
        for (var row = 0; row < count; row++)
        {
            new Span<double>(_v.At(row, 0), row).Clear();
            _v[row, row] = 1;
        }

        // T[..j, j] = -scale_j T[..j, ..j] (V[..j] . v_j), built column by column from the Gram of V.
        var gram = stackalloc double[Width * Width];
        Gemm.Run<double, double, double>(team, 1, _v, _v.Transposed, 0, new Block<double>(gram, count, count, count));
        for (var column = 0; column < count; column++)
        {
            for (var row = 0; row < count; row++)
            {
                double sum = 0;
                for (var inner = row; inner < column; inner++)
                {
                    sum += _t[row, inner] * gram[(inner * count) + column];
                }

                _t[row, column] = row < column ? -scales[column] * sum : row == column ? scales[column] : 0;
            }
        }
    }

    /// <summary>C &lt;- (H_1 ... H_k) C, or its transpose times C.</summary>
    public void Apply(Team team, Transpose transpose, Block<double> c)
    {
        if (c.Columns == 0)
        {
            return;
        }

        var products = new Block<double>(_products.Data, _v.Rows, c.Columns, c.Columns);
        var mixed = new Block<double>(_products.Data + ((nint)Width * c.Columns), _v.Rows, c.Columns, c.Columns);
        Gemm.Run<double, double, double>(team, 1, _v, c, 0, products);
        Gemm.Run<double, double, double>(team, 1, _t.Oriented(transpose), products, 0, mixed);
        Gemm.Run<double, double, double>(team, -1, _v.Transposed, mixed, 1, c);
    }

    /// <summary>Writes the first columns of H_1 ... H_n for a compact factor with any number of reflectors.</summary>
    public static void Form(Team team, Block<double> compact, ReadOnlySpan<double> scales, Block<double> q)
    {
        for (var row = 0; row < q.Rows; row++)
        {
            for (var column = 0; column < q.Columns; column++)
            {
                q[row, column] = row == column ? 1 : 0;
            }
        }

        ApplyAll(team, compact, scales, q, triangular: true);
    }

    /// <summary>C &lt;- H_1 ... H_n C for a compact factor with any number of reflectors.</summary>
    /// <param name="team">Shares the work.</param>
    /// <param name="compact">m x n: reflectors below the diagonal.</param>
    /// <param name="scales">One for each reflector.</param>
    /// <param name="c">m rows, overwritten.</param>
    /// <param name="triangular">C starts as an identity: block j then leaves the columns before its first alone.</param>
    public static void ApplyAll(Team team, Block<double> compact, ReadOnlySpan<double> scales, Block<double> c, bool triangular = false)
    {
        using var block = new BlockReflector(compact.Rows, c.Columns);
        for (var first = (scales.Length - 1) / Width * Width; first >= 0 && scales.Length > 0; first -= Width)
        {
            var count = Math.Min(Width, scales.Length - first);
            block.Load(team, compact.Window(first, first, compact.Rows - first, count), scales.Slice(first, count));
            block.Apply(team, Transpose.No, c.From(first, triangular ? first : 0));
        }
    }

    public void Dispose()
    {
        _vectors.Dispose();
        _mixing.Dispose();
        _products.Dispose();
    }
}
