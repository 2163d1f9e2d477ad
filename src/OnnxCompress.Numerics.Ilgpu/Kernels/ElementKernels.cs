using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>What is done entry by entry.</summary>
// Many parameters: a kernel gets each buffer and each number by itself.
internal static class ElementKernels
{
    /// <summary>Floats as doubles.</summary>
    public static void Widen(Index1D index, ArrayView<float> source, ArrayView<double> destination) => destination[index] = source[index];

    /// <summary>Doubles rounded to floats.</summary>
    public static void Narrow(Index1D index, ArrayView<double> source, ArrayView<float> destination) => destination[index] = (float)source[index];

    /// <summary>Ones on the diagonal of a row-major matrix that holds zeros.</summary>
    public static void SetDiagonal(Index1D index, ArrayView<double> matrix, int columns) => matrix[index * (columns + 1L)] = 1;

    /// <summary>Adds to the diagonal of a row-major matrix.</summary>
    public static void ShiftDiagonal(Index1D index, ArrayView<double> matrix, int columns, double shift) => matrix[index * (columns + 1L)] += shift;

    /// <summary>y &lt;- y + factor x.</summary>
    public static void AddScaled(Index1D index, double factor, ArrayView<double> x, ArrayView<double> y) => y[index] += factor * x[index];

    /// <summary>target &lt;- a x + b y; target may be x. Neighbouring threads have neighbouring columns.</summary>
    public static void Combine(
        Index2D index, ArrayView<double> x, Steps xSteps, double a, ArrayView<double> y, Steps ySteps, double b, ArrayView<double> target, Steps targetSteps) =>
        target[targetSteps.At(index.Y, index.X)] = (a * x[xSteps.At(index.Y, index.X)]) + (b * y[ySteps.At(index.Y, index.X)]);

    /// <summary>Rows and columns of the same numbers.</summary>
    public static void Select(Index2D index, ArrayView<double> source, int columns, ArrayView<int> indices, ArrayView<double> selected) =>
        selected[((long)index.Y * indices.Length) + index.X] = source[((long)indices[index.Y] * columns) + indices[index.X]];
}
