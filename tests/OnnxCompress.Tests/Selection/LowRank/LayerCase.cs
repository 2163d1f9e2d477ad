using OnnxCompress.Calibration;
using OnnxCompress.Forms;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using Oracle = MathNet.Numerics.LinearAlgebra.Matrix<double>;

namespace OnnxCompress.Tests.Selection.LowRank;

/// <summary>One layer with the data that run through it, beside the graph: <c>y = W x + bias</c>.</summary>
internal sealed class LayerCase
{
    /// <summary>A matrix product with correlated inputs whose scales fall from 1 to 1/100.</summary>
    public LayerCase(int inputs, int outputs, bool bias = true, int rows = 400, int seed = 1)
    {
        Weight = NumericMatrices.Uniform(outputs, inputs, seed);
        Bias = bias ? [.. NumericMatrices.Uniform(1, outputs, seed + 1).Values] : null;
        double[] scales = [.. Enumerable.Range(0, inputs).Select(i => Math.Pow(0.01, i / (double)Math.Max(1, inputs - 1)))];
        var sources = NumericMatrices.ScaleColumns(NumericMatrices.Uniform(rows, inputs, seed + 2), scales);
        Inputs = NumericMatrices.Product(sources, NumericMatrices.Uniform(inputs, inputs, seed + 3));
        for (var i = 0; i < Inputs.Values.Length; i++)
        {
            Inputs.Values[i] += 0.3;
        }

        Outputs = NumericMatrices.Product(Inputs, Weight, transposeB: Transpose.Yes);
        for (var i = 0; i < Outputs.Values.Length; i++)
        {
            Outputs.Values[i] += Bias?[i % outputs] ?? 0;
        }

        Problem = new LayerProblem
        {
            Size = new LayerSize(inputs, outputs, [], [1], [1]),
            Weight = Weight,
            Bias = Bias,
            TakesMean = bias,
            Input = Statistics(Inputs),
            Output = Statistics(Outputs),
        };
    }

    public Matrix<double> Weight { get; }

    public double[]? Bias { get; }

    /// <summary><c>rows x inputs</c>.</summary>
    public Matrix<double> Inputs { get; }

    /// <summary><c>rows x outputs</c>.</summary>
    public Matrix<double> Outputs { get; }

    public LayerProblem Problem { get; }

    /// <summary>The weight that the factors multiply to, grouped factors written out.</summary>
    public static Matrix<double> Product(SplitFactors factors, int inputs)
    {
        var product = Matrix<double>.Identity(inputs);
        foreach (var factor in factors.Chain)
        {
            product = NumericMatrices.Product(Dense(factor, product.Rows), product);
        }

        return product;
    }

    /// <summary>Frobenius norm of what a split leaves of the measured outputs.</summary>
    public double OutputError(SplitFactors factors)
    {
        var made = NumericMatrices.Product(Inputs, Product(factors, Weight.Columns), transposeB: Transpose.Yes);
        for (var i = 0; i < made.Values.Length; i++)
        {
            var output = i % Weight.Rows;
            made.Values[i] = Outputs.Values[i] - made.Values[i] - (Bias?[output] ?? 0) - (factors.Offset?[output] ?? 0);
        }

        return NumericAssert.Norm(made);
    }

    /// <summary>A problem of a weight without data.</summary>
    public static LayerProblem Weights(Matrix<double> weight, int inputs, params int[] kernel) => new()
    {
        Size = new LayerSize(inputs, weight.Rows, kernel, [.. kernel.Select(_ => 8)], [.. kernel.Select(_ => 8)]),
        Weight = weight,
    };

    /// <summary>The largest singular value, by MathNet.</summary>
    public static double SpectralNorm(Matrix<double> matrix) => SingularValues(matrix)[0];

    /// <summary>All singular values, by MathNet.</summary>
    public static double[] SingularValues(Matrix<double> matrix) =>
        [.. Oracle.Build.Dense(matrix.Rows, matrix.Columns, (i, j) => matrix[i, j]).Svd(computeVectors: false).S];

    public static Matrix<double> Difference(Matrix<double> a, Matrix<double> b)
    {
        var difference = a.Clone();
        for (var i = 0; i < difference.Values.Length; i++)
        {
            difference.Values[i] -= b.Values[i];
        }

        return difference;
    }

    private static Matrix<double> Dense(SplitFactor factor, int inputs)
    {
        var dense = new Matrix<double>(factor.Weight.Rows, inputs);
        var (rows, columns) = (factor.Weight.Rows / factor.Groups, inputs / factor.Groups);
        for (var i = 0; i < dense.Rows; i++)
        {
            factor.Weight.Row(i).CopyTo(dense.Row(i)[(i / rows * columns)..]);
        }

        return dense;
    }

    /// <summary>Both folds hold the same rows, so that an error on one is the error on the other.</summary>
    private static TapStatistics Statistics(Matrix<double> rows)
    {
        var statistics = new TapStatistics(rows.Columns);
        foreach (var fold in new[] { statistics.Fit, statistics.Check })
        {
            Workbench.Backend.Gram(rows).Values.CopyTo(fold.Gram);
            for (var i = 0; i < rows.Values.Length; i++)
            {
                fold.Sums[i % rows.Columns] += rows.Values[i];
            }

            fold.Restore(rows.Rows);
        }

        return statistics;
    }
}
