using System.Runtime.InteropServices;
using OnnxCompress.Numerics;

namespace OnnxCompress.Benchmarks.Lapack;

/// <summary>An operation to time; it returns what copies its results out afterwards.</summary>
internal delegate Func<(string Name, Array Values)[]> Operation();

/// <summary>One line of the comparison: the same input, our operation, the other side's operation.</summary>
/// <param name="Name">The case's name on the Python side.</param>
/// <param name="Rows">Rows of the input.</param>
/// <param name="Columns">Columns of the input.</param>
/// <param name="Limit">Largest accepted ratio ours / theirs; NaN where there is none.</param>
/// <param name="Input">Makes the input.</param>
/// <param name="Prepare">Given backend and input, returns the operation to time.</param>
internal sealed record LapackCase(string Name, int Rows, int Columns, double Limit, Func<int, int, Matrix<double>> Input, Func<CpuBackend, Matrix<double>, Operation> Prepare)
{
    /// <summary>Every case of the comparison.</summary>
    public static IEnumerable<LapackCase> All()
    {
        foreach (var size in (int[])[1024, 2048])
        {
            yield return new("gemm-float", size, size, 2, Gaussian, FloatProduct);
            yield return new("gemm-double", size, size, 2, Gaussian, DoubleProduct);
            yield return new("gram-float", size, size, 2, Gaussian, FloatGram);
            yield return new("gram-double", size, size, double.NaN, Gaussian, DoubleGram);
        }

        yield return new("cholesky", 2048, 2048, 2.5, Wishart, Cholesky);
        yield return new("triangular-solve", 1024, 1024, double.NaN, Wishart, TriangularSolve);
        yield return new("eigen", 1024, 1024, 3, Wishart, Eigen);
        yield return new("top-eigen", 2048, 2048, 1, Decaying, TopEigen);
        yield return new("top-eigen", 2048, 2048, double.NaN, Wishart, TopEigen);
    }

    /// <summary>Independent standard normal entries.</summary>
    private static Matrix<double> Gaussian(int rows, int columns)
    {
        var random = new Random(rows + columns);
        var matrix = new Matrix<double>(rows, columns);
        foreach (ref var value in matrix.Values)
        {
            value = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        }

        return matrix;
    }

    /// <summary>X^T X / 2n + I / 10 for Gaussian X (2n x n): a flat spectrum, the hard case for iterations.</summary>
    private static Matrix<double> Wishart(int rows, int columns) => Covariance(rows, _ => 1, 0.1);

    /// <summary>A Gram of activations as networks have them: column energies fall like 1 / (1 + j / 20).</summary>
    private static Matrix<double> Decaying(int rows, int columns) => Covariance(rows, j => 1 / (1 + (j / 20.0)), 0);

    private static Matrix<double> Covariance(int size, Func<int, double> scale, double ridge)
    {
        var backend = new CpuBackend();
        var samples = Gaussian(2 * size, size);
        for (var row = 0; row < samples.Rows; row++)
        {
            for (var column = 0; column < size; column++)
            {
                samples[row, column] *= scale(column);
            }
        }

        var mixing = Gaussian(size, size);
        var gram = backend.Gram(ridge > 0 ? samples : backend.Multiply(samples, mixing));
        for (var index = 0; index < size; index++)
        {
            gram[index, index] += ridge * 2 * size;
        }

        return gram;
    }

    private static Operation FloatProduct(CpuBackend backend, Matrix<double> input)
    {
        var a = ToFloat(input);
        var b = ToFloat(Reversed(input));
        var c = new Matrix<float>(a.Rows, b.Columns);
        return () =>
        {
            backend.Multiply(1, a, Transpose.No, b, Transpose.No, 0, c);
            return () => [("product", c.Values.ToArray())];
        };
    }

    private static Operation DoubleProduct(CpuBackend backend, Matrix<double> a)
    {
        var b = Reversed(a);
        return () =>
        {
            var product = backend.Multiply(a, b);
            return () => [("product", Entries(product))];
        };
    }

    private static Operation FloatGram(CpuBackend backend, Matrix<double> input)
    {
        var a = ToFloat(input);
        return () =>
        {
            var gram = backend.Gram(a);
            return () => [("gram", Entries(gram))];
        };
    }

    private static Operation DoubleGram(CpuBackend backend, Matrix<double> a)
    {
        return () =>
        {
            var gram = backend.Gram(a);
            return () => [("gram", Entries(gram))];
        };
    }

    private static Operation Cholesky(CpuBackend backend, Matrix<double> a)
    {
        return () =>
        {
            var factor = backend.Cholesky(a);
            return () => [("factor", Entries(factor))];
        };
    }

    private static Operation TriangularSolve(CpuBackend backend, Matrix<double> a)
    {
        return () =>
        {
            var solution = a.Transpose();
            backend.SolveTriangular(Triangle.Lower, Transpose.No, a, solution);
            return () => [("solution", Entries(solution))];
        };
    }

    private static Operation Eigen(CpuBackend backend, Matrix<double> a)
    {
        return () =>
        {
            var eigen = backend.SymmetricEigen(a);
            return () => [("values", eigen.Values), ("vectors", Entries(eigen.Vectors))];
        };
    }

    private static Operation TopEigen(CpuBackend backend, Matrix<double> a)
    {
        return () =>
        {
            var eigen = backend.TopEigen(a, 64, new Random(1));
            return () => [("values", eigen.Values), ("vectors", Entries(eigen.Vectors))];
        };
    }

    private static double[] Entries(Matrix<double> matrix) => matrix.Values.ToArray();

    private static Matrix<float> ToFloat(Matrix<double> matrix)
        => new(matrix.Rows, matrix.Columns, Array.ConvertAll(Entries(matrix), value => (float)value));

    private static Matrix<double> Reversed(Matrix<double> matrix)
    {
        var reversed = new Matrix<double>(matrix.Rows, matrix.Columns);
        for (var row = 0; row < matrix.Rows; row++)
        {
            matrix.Row(row).CopyTo(reversed.Row(matrix.Rows - 1 - row));
        }

        return reversed;
    }

    /// <summary>Writes arrays as raw little-endian files for the other side.</summary>
    public static void Write(string folder, string name, Array values)
    {
        var bytes = values switch
        {
            double[] doubles => MemoryMarshal.AsBytes<double>(doubles),
            float[] floats => MemoryMarshal.AsBytes<float>(floats),
            int[] integers => MemoryMarshal.AsBytes<int>(integers),
            _ => throw new ArgumentException($"Cannot write {values.GetType()}.", nameof(values)),
        };
        File.WriteAllBytes(Path.Combine(folder, name + ".bin"), bytes.ToArray());
    }
}
