using OnnxCompress.Numerics;

namespace OnnxCompress.Testing;

/// <summary>The columns that pivoted QR takes, one after the other, by its definition: modified Gram-Schmidt.</summary>
public static class PivotedColumns
{
    /// <summary>All columns, each the one of which the columns before it leave most.</summary>
    public static int[] Of(Matrix<double> matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var columns = matrix.Transpose();
        var open = Enumerable.Range(0, columns.Rows).ToList();
        var order = new int[columns.Rows];
        for (var step = 0; step < order.Length; step++)
        {
            var pivot = open.MaxBy(c => Dot(columns.Row(c), columns.Row(c)));
            order[step] = pivot;
            open.Remove(pivot);
            var square = Dot(columns.Row(pivot), columns.Row(pivot));
            foreach (var column in open)
            {
                var factor = Dot(columns.Row(pivot), columns.Row(column)) / square;
                for (var i = 0; i < columns.Columns; i++)
                {
                    columns[column, i] -= factor * columns[pivot, i];
                }
            }
        }

        return order;
    }

    private static double Dot(Span<double> x, Span<double> y)
    {
        double sum = 0;
        for (var i = 0; i < x.Length; i++)
        {
            sum += x[i] * y[i];
        }

        return sum;
    }
}
