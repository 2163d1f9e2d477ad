namespace OnnxCompress.Numerics;

/// <content>Importance sampling.</content>
public sealed partial class CpuBackend
{
    /// <inheritdoc/>
    public void LargestShares(ReadOnlyMatrixView<double> matrix, Span<double> shares)
    {
        ViewShape.CheckLength(matrix.Columns, shares.Length, nameof(shares));
        shares = shares[..matrix.Columns];
        shares.Clear();
        for (var i = 0; i < matrix.Rows; i++)
        {
            var row = matrix.Row(i);
            double whole = 0;
            foreach (var value in row)
            {
                whole += value;
            }

            for (var j = 0; j < row.Length && whole > 0; j++)
            {
                shares[j] = Math.Max(shares[j], row[j] / whole);
            }
        }
    }

    /// <inheritdoc/>
    public void Locate(ReadOnlySpan<double> cumulated, ReadOnlySpan<double> points, Span<int> places)
    {
        ArgumentOutOfRangeException.ThrowIfZero(cumulated.Length, nameof(cumulated));
        ViewShape.CheckLength(points.Length, places.Length, nameof(places));
        for (var i = 0; i < points.Length; i++)
        {
            var (low, high) = (0, cumulated.Length - 1);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = cumulated[middle] > points[i] ? (low, middle) : (middle + 1, high);
            }

            places[i] = low;
        }
    }
}
