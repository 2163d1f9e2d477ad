using System.Numerics;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>One row of a <see cref="Tile{T}"/>: eight sums, named and not indexed, so that they stay in registers.</summary>
// Many parameters: eight sums.
internal readonly struct TileRow<T>(T a, T b, T c, T d, T e, T f, T g, T h)
    where T : unmanaged, INumber<T>
{
    public readonly T A = a;
    public readonly T B = b;
    public readonly T C = c;
    public readonly T D = d;
    public readonly T E = e;
    public readonly T F = f;
    public readonly T G = g;
    public readonly T H = h;

    /// <summary>The row plus an entry of the left side times eight of the right.</summary>
    public TileRow<T> Plus(T left, Quad<T> first, Quad<T> second) => new(
        A + (left * first.X), B + (left * first.Y), C + (left * first.Z), D + (left * first.W),
        E + (left * second.X), F + (left * second.Y), G + (left * second.Z), H + (left * second.W));
}
