using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>What is done entry by entry.</summary>
internal static class ElementKernels
{
    /// <summary>Floats as doubles.</summary>
    public static void Widen(Index1D index, ArrayView<float> source, ArrayView<double> destination) => destination[index] = source[index];

    /// <summary>Doubles rounded to floats.</summary>
    public static void Narrow(Index1D index, ArrayView<double> source, ArrayView<float> destination) => destination[index] = (float)source[index];

    /// <summary>Ones on the diagonal of a row-major matrix that holds zeros.</summary>
    public static void SetDiagonal(Index1D index, ArrayView<double> matrix, int columns) => matrix[index * (columns + 1L)] = 1;
}
