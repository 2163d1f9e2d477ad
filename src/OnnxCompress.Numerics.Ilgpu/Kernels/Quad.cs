using System.Numerics;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>Four neighbours in memory: aligned, ILGPU loads and stores them with one instruction (two for doubles).</summary>
internal readonly struct Quad<T>(T x, T y, T z, T w)
    where T : unmanaged, INumber<T>
{
    public readonly T X = x;
    public readonly T Y = y;
    public readonly T Z = z;
    public readonly T W = w;
}
