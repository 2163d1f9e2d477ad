using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// A kernel of two axes as a column, then a row: <c>W[o, (i, y, x)] = sum over r of row[o, (r, x)] column[r, (i, y)]</c>. Folded to
/// <c>(i, y) x (o, x)</c> it is a matrix of that rank.
/// </summary>
/// <param name="Inputs">Input channels.</param>
/// <param name="Height">Elements of the column.</param>
/// <param name="Width">Elements of the row.</param>
internal sealed record FoldedKernel(int Inputs, int Height, int Width)
{
    /// <summary>Rows of the folded matrix, which are columns of the column.</summary>
    public int Side => Inputs * Height;

    /// <summary>Folds a weight.</summary>
    /// <param name="weight"><c>outputs x (inputs * height * width)</c>.</param>
    /// <returns><c>(inputs * height) x (outputs * width)</c>.</returns>
    public Matrix<double> Fold(Matrix<double> weight)
    {
        var folded = new Matrix<double>(Side, weight.Rows * Width);
        for (var o = 0; o < weight.Rows; o++)
        {
            var from = weight.Row(o);
            for (var i = 0; i < Side; i++)
            {
                from.Slice(i * Width, Width).CopyTo(folded.Row(i)[(o * Width)..]);
            }
        }

        return folded;
    }

    /// <summary>The weight that a column and a row make.</summary>
    /// <param name="column"><c>rank x (inputs * height)</c>.</param>
    /// <param name="row"><c>outputs x (rank * width)</c>.</param>
    /// <param name="backend">Multiplies.</param>
    /// <returns><c>outputs x (inputs * height * width)</c>.</returns>
    public Matrix<double> Unfold(Matrix<double> column, Matrix<double> row, IDenseBackend backend)
    {
        var weight = new Matrix<double>(row.Rows, Side * Width);
        var tap = new Matrix<double>(row.Rows, column.Rows);
        for (var x = 0; x < Width; x++)
        {
            for (var o = 0; o < row.Rows; o++)
            {
                for (var r = 0; r < column.Rows; r++)
                {
                    tap[o, r] = row[o, (r * Width) + x];
                }
            }

            var part = backend.Multiply(tap, column);
            for (var o = 0; o < row.Rows; o++)
            {
                var to = weight.Row(o);
                var values = part.Row(o);
                for (var i = 0; i < values.Length; i++)
                {
                    to[(i * Width) + x] = values[i];
                }
            }
        }

        return weight;
    }

    /// <summary>The row of a kernel whose folded matrix is <c>column^T along</c>.</summary>
    /// <param name="along"><c>rank x (outputs * width)</c>.</param>
    /// <returns><c>outputs x (rank * width)</c>.</returns>
    public Matrix<double> Row(Matrix<double> along)
    {
        var row = new Matrix<double>(along.Columns / Width, along.Rows * Width);
        for (var r = 0; r < along.Rows; r++)
        {
            for (var i = 0; i < along.Columns; i++)
            {
                row[i / Width, (r * Width) + (i % Width)] = along[r, i];
            }
        }

        return row;
    }
}
