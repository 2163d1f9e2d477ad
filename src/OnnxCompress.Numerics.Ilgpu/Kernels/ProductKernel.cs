using System.Numerics;
using ILGPU;
using ILGPU.Runtime;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>
/// C &lt;- alpha A B + beta C for A and B in float or double and C in double. As many products as the shape says are summed in
/// the type of A and B before they are added to C: at most 256 of floats, all of doubles.
/// </summary>
/// <remarks>
/// A group of t x t threads makes a tile of 8t x 8t entries of C, a thread 8 x 8 of them in registers: four rows and four
/// columns from either half of the tile, so that neighbours read neighbouring quads. Slices of A and B, 16 deep, lie in
/// shared memory, the depth outermost. ILGPU does not unroll: four depths are written out here, the 64 products of each in
/// <see cref="Tile{T}"/>.
/// </remarks>
// Many parameters: what a thread holds in registers is handed on piece by piece, so that nothing of it is put into memory.
internal static class ProductKernel
{
    /// <summary>Entries of C in each direction that one thread makes.</summary>
    public const int Micro = 8;

    /// <summary>Depth of a slice in shared memory.</summary>
    public const int Depth = 16;

    /// <summary>Products that are summed in float before they are added in double; a multiple of <see cref="Depth"/>.</summary>
    public const int BlockTerms = 256;

    /// <summary>Most threads along an edge of a group.</summary>
    public const int MostThreads = 16;

    // One more than a slice is wide: threads that write down the depth meet different banks.
    private const int Pitch = (Micro * MostThreads / 4) + 1;

    /// <summary>The kernel; grid: tiles across, tiles down; group: t x t.</summary>
    public static void Run<T, TEntry>(ArrayView<T> a, Steps aSteps, ArrayView<T> b, Steps bSteps, ArrayView<double> c, Steps cSteps, ProductShape shape)
        where T : unmanaged, INumber<T>
        where TEntry : struct, IEntry<T>
    {
        var threads = Group.DimX;
        var edge = Micro * threads;
        var (x, y) = (Group.IdxX, Group.IdxY);
        var (top, first) = (Grid.IdxY * edge, Grid.IdxX * edge);
        if (shape.LowerOnly != 0 && first >= top + edge)
        {
            return; // the whole group
        }

        var left = SharedMemory.Allocate<Quad<T>>(Depth * Pitch).AsAligned(16);
        var right = SharedMemory.Allocate<Quad<T>>(Depth * Pitch).AsAligned(16);
        var beta = shape.Beta;
        var block = 0;
        do
        {
            var end = Math.Min(shape.Depth, block + shape.BlockTerms);
            var tile = default(Tile<T>);
            for (var start = block; start < end; start += Depth)
            {
                // A is read by its rows, B by its columns: for both, "across" is the direction of C.
                Load(left, a, new(aSteps.Row, aSteps.Column), top, shape.Rows, start, end, shape.WideA);
                Load(right, b, new(bSteps.Column, bSteps.Row), first, shape.Columns, start, end, shape.WideB);
                Group.Barrier();
                for (var depth = 0; depth < Depth; depth += 4)
                {
                    var (l, r) = ((depth * Pitch) + y, (depth * Pitch) + x);
                    tile = tile.Plus(left[l], left[l + threads], right[r], right[r + threads]);
                    tile = tile.Plus(left[l + Pitch], left[l + Pitch + threads], right[r + Pitch], right[r + Pitch + threads]);
                    tile = tile.Plus(left[l + (2 * Pitch)], left[l + (2 * Pitch) + threads], right[r + (2 * Pitch)], right[r + (2 * Pitch) + threads]);
                    tile = tile.Plus(left[l + (3 * Pitch)], left[l + (3 * Pitch) + threads], right[r + (3 * Pitch)], right[r + (3 * Pitch) + threads]);
                }

                Group.Barrier();
            }

            Store<T, TEntry>(c, cSteps, shape, beta, top + (4 * y), first + (4 * x), 4 * threads, tile);
            beta = 1;
            block += shape.BlockTerms;
        }
        while (block < shape.Depth);
    }

    // A slice: quads of neighbours across, for each depth; zeros past the ends. Steps.Row leads across, Steps.Column down the depth.
    private static void Load<T>(ArrayView<Quad<T>> slice, ArrayView<T> source, Steps steps, int across, int acrossEnd, int depth, int depthEnd, int isWide)
        where T : unmanaged, INumber<T>
    {
        var (lane, lanes) = ((Group.IdxY * Group.DimX) + Group.IdxX, Group.DimX * Group.DimX);
        var quads = 2 * Group.DimX; // in one depth
        for (var element = lane; element < quads * Depth; element += lanes)
        {
            if (steps.Column == 1)
            {
                // Neighbours in memory are neighbours in depth: a quad is four entries of one place across.
                var (place, deep) = (element / (Depth / 4), element % (Depth / 4) * 4);
                var quad = Read(source, steps, across + place, acrossEnd, depth + deep, depthEnd, 0, 1, isWide);
                var scalars = slice.Cast<T>();
                var at = (deep * Pitch * 4) + place;
                scalars[at] = quad.X;
                scalars[at + (Pitch * 4)] = quad.Y;
                scalars[at + (2 * Pitch * 4)] = quad.Z;
                scalars[at + (3 * Pitch * 4)] = quad.W;
            }
            else
            {
                var (place, deep) = (element % quads, element / quads);
                slice[(deep * Pitch) + place] = Read(source, steps, across + (4 * place), acrossEnd, depth + deep, depthEnd, 1, 0, isWide);
            }
        }
    }

    // Four entries from a place on, across or down the depth; one load where the host knows them aligned and all are there.
    private static Quad<T> Read<T>(ArrayView<T> source, Steps steps, int across, int acrossEnd, int depth, int depthEnd, int acrossStep, int depthStep, int isWide)
        where T : unmanaged, INumber<T>
    {
        if (isWide != 0 && across + (3 * acrossStep) < acrossEnd && depth + (3 * depthStep) < depthEnd)
        {
            return source.Cast<Quad<T>>().AsAligned(16)[steps.At(across, depth) / 4];
        }

        return new(
            One(source, steps, across, acrossEnd, depth, depthEnd),
            One(source, steps, across + acrossStep, acrossEnd, depth + depthStep, depthEnd),
            One(source, steps, across + (2 * acrossStep), acrossEnd, depth + (2 * depthStep), depthEnd),
            One(source, steps, across + (3 * acrossStep), acrossEnd, depth + (3 * depthStep), depthEnd));
    }

    private static T One<T>(ArrayView<T> source, Steps steps, int across, int acrossEnd, int depth, int depthEnd)
        where T : unmanaged, INumber<T>
    {
        T value = default;
        if (across < acrossEnd && depth < depthEnd)
        {
            value = source[steps.At(across, depth)];
        }

        return value;
    }

    private static void Store<T, TEntry>(ArrayView<double> c, Steps steps, ProductShape shape, double beta, int i, int j, int half, Tile<T> tile)
        where T : unmanaged, INumber<T>
        where TEntry : struct, IEntry<T>
    {
        StoreRow<T, TEntry>(c, steps, shape, beta, i, j, half, tile.R0);
        StoreRow<T, TEntry>(c, steps, shape, beta, i + 1, j, half, tile.R1);
        StoreRow<T, TEntry>(c, steps, shape, beta, i + 2, j, half, tile.R2);
        StoreRow<T, TEntry>(c, steps, shape, beta, i + 3, j, half, tile.R3);
        StoreRow<T, TEntry>(c, steps, shape, beta, i + half, j, half, tile.R4);
        StoreRow<T, TEntry>(c, steps, shape, beta, i + half + 1, j, half, tile.R5);
        StoreRow<T, TEntry>(c, steps, shape, beta, i + half + 2, j, half, tile.R6);
        StoreRow<T, TEntry>(c, steps, shape, beta, i + half + 3, j, half, tile.R7);
    }

    private static void StoreRow<T, TEntry>(ArrayView<double> c, Steps steps, ProductShape shape, double beta, int i, int j, int half, TileRow<T> row)
        where T : unmanaged, INumber<T>
        where TEntry : struct, IEntry<T>
    {
        if (i < shape.Rows)
        {
            StoreOne(c, steps, shape, beta, i, j, TEntry.Widen(row.A));
            StoreOne(c, steps, shape, beta, i, j + 1, TEntry.Widen(row.B));
            StoreOne(c, steps, shape, beta, i, j + 2, TEntry.Widen(row.C));
            StoreOne(c, steps, shape, beta, i, j + 3, TEntry.Widen(row.D));
            StoreOne(c, steps, shape, beta, i, j + half, TEntry.Widen(row.E));
            StoreOne(c, steps, shape, beta, i, j + half + 1, TEntry.Widen(row.F));
            StoreOne(c, steps, shape, beta, i, j + half + 2, TEntry.Widen(row.G));
            StoreOne(c, steps, shape, beta, i, j + half + 3, TEntry.Widen(row.H));
        }
    }

    private static void StoreOne(ArrayView<double> c, Steps steps, ProductShape shape, double beta, int i, int j, double sum)
    {
        if (j < shape.Columns)
        {
            var at = steps.At(i, j);
            var product = shape.Alpha * sum;
            if (beta != 0)
            {
                product += beta * c[at];
            }

            c[at] = product;
        }
    }
}
