using OnnxCompress.Numerics;

namespace OnnxCompress.Calibration;

/// <summary>
/// What directions of a layer's outputs count at the network's outputs: <c>M = (1 - s) J^T J d / tr(J^T J) + s I</c>, with J the
/// derivatives by the d outputs. The identity stands for what derivatives at one point do not see, of large errors and of few samples.
/// </summary>
/// <param name="Root"><c>M^(1/2)</c>, symmetric.</param>
/// <param name="Inverse"><c>M^(-1/2)</c>.</param>
internal sealed record OutputMetric(Matrix<double> Root, Matrix<double> Inverse)
{
    /// <summary>The share of the identity where there are many rows.</summary>
    private const double Least = 0.1;

    /// <summary>Rows for each channel that say as much of the moments as the identity does.</summary>
    private const double RowsPerChannel = 10;

    /// <summary>The metric of one layer; null where nothing depends on it.</summary>
    /// <param name="sensitivity">Moments of derivatives.</param>
    /// <param name="backend">Factorises.</param>
    public static OutputMetric? From(TapStatistics? sensitivity, IDenseBackend backend)
    {
        if (sensitivity is null)
        {
            return null;
        }

        var total = sensitivity.Total();
        var size = total.Channels;
        var trace = Enumerable.Range(0, size).Sum(i => total.Gram[(i * size) + i]);
        if (!(trace > 0) || !double.IsFinite(trace))
        {
            return null;
        }

        var share = Least + ((1 - Least) * size / (size + (total.Rows / RowsPerChannel)));
        var metric = new Matrix<double>(size, size);
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                metric[i, j] = ((1 - share) * total.Gram[(i * size) + j] * size / trace) + (i == j ? share : 0);
            }
        }

        var eigen = backend.SymmetricEigen(metric);
        return new(Power(eigen, 0.5, share, backend), Power(eigen, -0.5, share, backend));
    }

    /// <summary>Moments of outputs in coordinates in which all directions count alike.</summary>
    public TapStatistics Of(TapStatistics statistics, IDenseBackend backend) => statistics.Turned(Root, backend);

    /// <summary><c>M^(1/2) v</c>.</summary>
    public double[] Of(double[] vector) => Times(Root, vector);

    /// <summary><c>M^(-1/2) v</c>.</summary>
    public double[] Back(double[] vector) => Times(Inverse, vector);

    private static double[] Times(Matrix<double> matrix, double[] vector)
    {
        var product = new double[matrix.Rows];
        for (var i = 0; i < product.Length; i++)
        {
            var row = matrix.Row(i);
            for (var j = 0; j < row.Length; j++)
            {
                product[i] += row[j] * vector[j];
            }
        }

        return product;
    }

    private static Matrix<double> Power(SymmetricEigen eigen, double exponent, double least, IDenseBackend backend)
    {
        var scaled = eigen.Vectors.Clone();
        for (var i = 0; i < scaled.Rows; i++)
        {
            for (var j = 0; j < scaled.Columns; j++)
            {
                // Rounding alone takes a value below the share of the identity.
                scaled[i, j] *= Math.Pow(Math.Max(eigen.Values[j], least), exponent);
            }
        }

        return backend.Multiply(scaled, eigen.Vectors, Transpose.No, Transpose.Yes);
    }
}
