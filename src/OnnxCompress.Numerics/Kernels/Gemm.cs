using System.Numerics;
using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>Which part of a product is wanted.</summary>
internal enum Region
{
    /// <summary>Every entry.</summary>
    Full,

    /// <summary>Entries on and below the diagonal; nothing above is read or written.</summary>
    Lower,
}

/// <summary>
/// C &lt;- alpha A B + beta C by packed panels and register tiles (Goto and van de Geijn, Anatomy of High-Performance Matrix
/// Multiplication, 2008; Van Zee and van de Geijn, BLIS, 2015). Every entry of C is a sum over depth slabs of
/// <see cref="Depth"/> (<see cref="MixedDepth"/> where slabs are summed in float and added in double), in order, each summed in order within one kernel call: the tiling of rows and columns does not
/// enter, so results do not depend on threads. |error| &lt;= (k eps) |A||B| entrywise in the accumulation type.
/// </summary>
internal static unsafe class Gemm
{
    /// <summary>Depth of a slab: long enough that adding a tile to C costs little.</summary>
    public const int Depth = 512;

    /// <summary>Depth of a slab whose float sum is added to a double C: what rounding can grow to in a slab, against the cost of adding it.</summary>
    public const int MixedDepth = 256;

    private const int TileRows = 96;      // rows of C per task: A's share (96 x 512 doubles, 384 KiB) stays in the second cache level
    private const int TileColumns = 256;  // columns of C per task
    private const int RowsAtOnce = 6144;  // rows of A packed at once: bounds the workspace, 24 MiB in double

    private const int FewTiles = 8;       // below, tiles alone do not keep threads busy
    private const int SplitDepth = 2048;  // least depth of a part
    private const int MostParts = 16;

    /// <summary>Runs the product.</summary>
    /// <typeparam name="TIn">Stored type of A and B.</typeparam>
    /// <typeparam name="T">Type the kernel multiplies and sums a slab in.</typeparam>
    /// <typeparam name="TOut">Type of C, in which slabs are summed.</typeparam>
    public static void Run<TIn, T, TOut>(Team team, double alpha, Block<TIn> a, Block<TIn> b, double beta, Block<TOut> c, Region region = Region.Full)
        where TIn : unmanaged, INumber<TIn>
        where T : unmanaged, INumber<T>
        where TOut : unmanaged, INumber<TOut>
    {
        if (c.ColumnStep != 1 && region == Region.Full)
        {
            (a, b, c) = (b.Transposed, a.Transposed, c.Transposed); // C^T = B^T A^T
        }

        if (c.Rows == 0 || c.Columns == 0)
        {
            return;
        }

        if (a.Columns >= 2 * SplitDepth && CeilingDivide(c.Rows, TileRows) * CeilingDivide(c.Columns, TileColumns) < FewTiles)
        {
            RunSplit<TIn, T, TOut>(team, alpha, a, b, beta, c, region);
        }
        else
        {
            RunWhole<TIn, T, TOut>(team, alpha, a, b, beta, c, region);
        }
    }

    private static void RunWhole<TIn, T, TOut>(Team team, double alpha, Block<TIn> a, Block<TIn> b, double beta, Block<TOut> c, Region region)
        where TIn : unmanaged, INumber<TIn>
        where T : unmanaged, INumber<T>
        where TOut : unmanaged, INumber<TOut>
    {
        var job = new Job<TIn, T, TOut>(a, b, c, alpha, beta, region);
        if (a.Columns == 0 || alpha == 0)
        {
            job.ScaleAll();
            return;
        }

        var depth = SlabDepth<T, TOut>();
        using var panelsOfA = new Workspace<T>((long)RoundUp(Math.Min(RowsAtOnce, c.Rows), MicroKernel.Rows) * Math.Min(depth, a.Columns));
        using var panelsOfB = new Workspace<T>((long)RoundUp(c.Columns, MicroKernel.Columns<T>()) * Math.Min(depth, a.Columns));
        job.PanelsOfA = panelsOfA.Data;
        job.PanelsOfB = panelsOfB.Data;
        for (var slab = 0; slab < a.Columns; slab += depth)
        {
            job.Slab = slab;
            job.SlabDepth = Math.Min(depth, a.Columns - slab);
            team.Run(CeilingDivide(c.Columns, TileColumns), job.PackB);
            for (var top = 0; top < c.Rows; top += RowsAtOnce)
            {
                job.Top = top;
                job.Height = Math.Min(RowsAtOnce, c.Rows - top);
                team.Run(CeilingDivide(job.Height, TileRows), job.PackA);
                job.MultiplyTiles(team);
            }
        }
    }

    // Few tiles but a great depth, as in the Gram of a few channels over many samples: the depth is cut into parts that
    // depend on the shape alone, parts are summed side by side, then added in order.
    private static void RunSplit<TIn, T, TOut>(Team team, double alpha, Block<TIn> a, Block<TIn> b, double beta, Block<TOut> c, Region region)
        where TIn : unmanaged, INumber<TIn>
        where T : unmanaged, INumber<T>
        where TOut : unmanaged, INumber<TOut>
    {
        var depth = CeilingDivide(CeilingDivide(a.Columns, Math.Min(MostParts, a.Columns / SplitDepth)), Depth) * Depth;
        var parts = CeilingDivide(a.Columns, depth);
        var size = (long)c.Rows * c.Columns;
        using var memory = new Workspace<TOut>(parts * size);
        using var alone = new Team(1);
        team.Run(parts, part =>
        {
            var (first, count) = (part * depth, Math.Min(depth, a.Columns - (part * depth)));
            var sums = new Block<TOut>(memory.Data + (part * size), c.Rows, c.Columns, c.Columns);
            RunWhole<TIn, T, TOut>(alone, alpha, a.Window(0, first, a.Rows, count), b.Window(first, 0, count, b.Columns), 0, sums, region);
        });
        var factor = TOut.CreateTruncating(beta);
        for (var row = 0; row < c.Rows; row++)
        {
            for (var column = 0; column < (region == Region.Lower ? Math.Min(row + 1, c.Columns) : c.Columns); column++)
            {
                var sum = beta == 0 ? TOut.Zero : factor * c[row, column];
                for (var part = 0; part < parts; part++)
                {
                    sum += memory.Data[(part * size) + (row * (long)c.Columns) + column];
                }

                c[row, column] = sum;
            }
        }
    }

    /// <summary>
    /// Packs all of A once, for products with many narrow B, where packing would cost as much as multiplying.
    /// </summary>
    public static Workspace<double> Pack(Team team, Block<double> a)
    {
        var height = RoundUp(a.Rows, MicroKernel.Rows);
        var packed = new Workspace<double>((long)height * a.Columns);
        var job = new Job<double, double, double>(a, a, a, 1, 0, Region.Full) { Height = a.Rows };
        for (var slab = 0; slab < a.Columns; slab += Depth)
        {
            job.Slab = slab;
            job.SlabDepth = Math.Min(Depth, a.Columns - slab);
            job.PanelsOfA = packed.Data + ((nint)slab * height);
            team.Run(CeilingDivide(a.Rows, TileRows), job.PackA);
        }

        return packed;
    }

    /// <summary>C &lt;- alpha A B + beta C with A as <see cref="Pack"/> left it; the same bits as without.</summary>
    public static void RunPacked(Team team, double alpha, Block<double> a, Workspace<double> packed, Block<double> b, double beta, Block<double> c)
    {
        var height = RoundUp(a.Rows, MicroKernel.Rows);
        using var panelsOfB = new Workspace<double>((long)RoundUp(c.Columns, MicroKernel.Columns<double>()) * Math.Min(Depth, a.Columns));
        var job = new Job<double, double, double>(a, b, c, alpha, beta, Region.Full) { Height = a.Rows, PanelsOfB = panelsOfB.Data };
        for (var slab = 0; slab < a.Columns; slab += Depth)
        {
            job.Slab = slab;
            job.SlabDepth = Math.Min(Depth, a.Columns - slab);
            job.PanelsOfA = packed.Data + ((nint)slab * height);
            team.Run(CeilingDivide(c.Columns, TileColumns), job.PackB);
            job.MultiplyTiles(team);
        }
    }

    /// <summary>Copies the lower triangle of a square block to the upper one.</summary>
    public static void MirrorLower<T>(Team team, Block<T> c)
        where T : unmanaged
    {
        // Squares of 8: each line that is written is written whole while it is near, whatever the stride.
        const int Square = 8;
        team.Run(CeilingDivide(c.Rows, TileRows), tile =>
        {
            for (var top = tile * TileRows; top < Math.Min((tile + 1) * TileRows, c.Rows); top += Square)
            {
                for (var left = 0; left <= top; left += Square)
                {
                    MirrorSquare(c, top, Math.Min(top + Square, c.Rows), left, left + Square);
                }
            }
        });
    }

    public static int CeilingDivide(int value, int divisor) => (int)(((long)value + divisor - 1) / divisor);

    private static int SlabDepth<T, TOut>() => typeof(T) == typeof(TOut) ? Depth : MixedDepth;

    private static int RoundUp(int value, int multiple) => CeilingDivide(value, multiple) * multiple;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MirrorSquare<T>(Block<T> c, int top, int bottom, int left, int right)
        where T : unmanaged
    {
        for (var row = top; row < bottom; row++)
        {
            for (var column = left; column < Math.Min(right, row); column++)
            {
                c[column, row] = c[row, column];
            }
        }
    }

    /// <summary>The operands and the slab in hand; its methods are the phases.</summary>
    private sealed class Job<TIn, T, TOut>(Block<TIn> a, Block<TIn> b, Block<TOut> c, double alpha, double beta, Region region)
        where TIn : unmanaged, INumber<TIn>
        where T : unmanaged, INumber<T>
        where TOut : unmanaged, INumber<TOut>
    {
        public T* PanelsOfA;
        public T* PanelsOfB;
        public int Slab;
        public int SlabDepth;
        public int Top;
        public int Height;

        public void PackB(int tile)
        {
            var left = tile * TileColumns;
            Packing.Panels(b.At(Slab, left), b.ColumnStep, b.RowStep, Math.Min(TileColumns, c.Columns - left), MicroKernel.Columns<T>(), SlabDepth, PanelsOfB + ((nint)left * SlabDepth));
        }

        public void PackA(int tile)
        {
            var row = tile * TileRows;
            Packing.Panels(a.At(Top + row, Slab), a.RowStep, a.ColumnStep, Math.Min(TileRows, Height - row), MicroKernel.Rows, SlabDepth, PanelsOfA + ((nint)row * SlabDepth));
        }

        public void ScaleAll() => Scale(0, c.Rows, 0, c.Columns);

        public void MultiplyTiles(Team team) => team.Run(CeilingDivide(Height, TileRows) * CeilingDivide(c.Columns, TileColumns), MultiplyTile);

        [SkipLocalsInit]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void MultiplyTile(int index)
        {
            var across = CeilingDivide(c.Columns, TileColumns);
            var (firstRow, firstColumn) = (index / across * TileRows, index % across * TileColumns);
            var (lastRow, lastColumn) = (Math.Min(firstRow + TileRows, Height), Math.Min(firstColumn + TileColumns, c.Columns));
            if (region == Region.Lower && Top + lastRow <= firstColumn)
            {
                return;
            }

            if (Slab == 0)
            {
                Scale(Top + firstRow, Top + lastRow, firstColumn, lastColumn);
            }

            var (height, width) = (MicroKernel.Rows, MicroKernel.Columns<T>());
            var scratch = stackalloc byte[(MicroKernel.LargestTile * sizeof(T)) + 64];
            var tile = (T*)(((nint)scratch + 63) & ~(nint)63);
            for (var column = firstColumn; column < lastColumn; column += width)
            {
                for (var row = firstRow; row < lastRow; row += height)
                {
                    if (region == Region.Lower && Top + row + height <= column)
                    {
                        continue;
                    }

                    MicroKernel.Tile(SlabDepth, PanelsOfA + ((nint)row * SlabDepth), PanelsOfB + ((nint)column * SlabDepth), tile);
                    AddTile(tile, Top + row, Math.Min(height, lastRow - row), column, Math.Min(width, lastColumn - column), width);
                }
            }
        }

        // C += alpha tile, leaving out what the region excludes.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void AddTile(T* tile, int row, int rows, int column, int columns, int tileStride)
        {
            var factor = TOut.CreateTruncating(alpha);
            for (var i = 0; i < rows; i++)
            {
                var count = region == Region.Lower ? Math.Min(columns, row + i + 1 - column) : columns;
                TileSum.Add(factor, tile + (i * tileStride), c.At(row + i, column), count);
            }
        }

        // C <- beta C; at beta 0 what C held is not read, so NaN in a fresh destination does no harm.
        private void Scale(int firstRow, int lastRow, int firstColumn, int lastColumn)
        {
            if (beta == 1)
            {
                return;
            }

            var factor = TOut.CreateTruncating(beta);
            for (var row = firstRow; row < lastRow; row++)
            {
                var end = region == Region.Lower ? Math.Min(lastColumn, row + 1) : lastColumn;
                if (end <= firstColumn)
                {
                    continue;
                }

                if (c.ColumnStep == 1 && beta == 0)
                {
                    new Span<TOut>(c.At(row, firstColumn), end - firstColumn).Clear();
                    continue;
                }

                for (var column = firstColumn; column < end; column++)
                {
                    c[row, column] = beta == 0 ? TOut.Zero : factor * c[row, column];
                }
            }
        }
    }
}
