using System.Numerics;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>The 8 x 8 sums that one thread keeps.</summary>
// Many parameters: eight rows.
internal readonly struct Tile<T>(TileRow<T> r0, TileRow<T> r1, TileRow<T> r2, TileRow<T> r3, TileRow<T> r4, TileRow<T> r5, TileRow<T> r6, TileRow<T> r7)
    where T : unmanaged, INumber<T>
{
    public readonly TileRow<T> R0 = r0;
    public readonly TileRow<T> R1 = r1;
    public readonly TileRow<T> R2 = r2;
    public readonly TileRow<T> R3 = r3;
    public readonly TileRow<T> R4 = r4;
    public readonly TileRow<T> R5 = r5;
    public readonly TileRow<T> R6 = r6;
    public readonly TileRow<T> R7 = r7;

    /// <summary>The tile plus the product of a column of eight and a row of eight.</summary>
    public Tile<T> Plus(Quad<T> top, Quad<T> bottom, Quad<T> first, Quad<T> second) => new(
        R0.Plus(top.X, first, second), R1.Plus(top.Y, first, second), R2.Plus(top.Z, first, second), R3.Plus(top.W, first, second),
        R4.Plus(bottom.X, first, second), R5.Plus(bottom.Y, first, second), R6.Plus(bottom.Z, first, second), R7.Plus(bottom.W, first, second));
}
