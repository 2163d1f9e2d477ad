using OnnxCompress.Numerics;

namespace OnnxCompress.Dependencies;

/// <summary>
/// How an operator stores its weight, seen as one matrix <c>outputs x (inputs * taps)</c> for each group, the taps
/// innermost.
/// </summary>
/// <param name="Groups">Groups of the convolution; 1 for matrix products.</param>
/// <param name="Outputs">Output channels of each group.</param>
/// <param name="Inputs">Input channels of each group.</param>
/// <param name="Taps">Elements of the kernel; 1 for matrix products.</param>
/// <param name="OutputsFirst">Whether an entry lies at outputs, inputs, kernel; else at inputs, outputs, kernel.</param>
internal sealed record WeightLayout(int Groups, int Outputs, int Inputs, int Taps, bool OutputsFirst)
{
    /// <summary>Columns of the matrix of a group.</summary>
    public int Columns => checked(Inputs * Taps);

    /// <summary>The matrix of one group.</summary>
    public Matrix<double> Read(ReadOnlySpan<float> weight, int group)
    {
        var matrix = new Matrix<double>(Outputs, Columns);
        for (var o = 0; o < Outputs; o++)
        {
            for (var column = 0; column < Columns; column++)
            {
                matrix[o, column] = weight[IndexOf(group, o, column)];
            }
        }

        return matrix;
    }

    /// <summary>Puts the matrix of one group back.</summary>
    public void Write(Matrix<double> matrix, Span<float> weight, int group)
    {
        for (var o = 0; o < Outputs; o++)
        {
            for (var column = 0; column < Columns; column++)
            {
                weight[IndexOf(group, o, column)] = (float)matrix[o, column];
            }
        }
    }

    private int IndexOf(int group, int output, int column) => OutputsFirst
        ? (((group * Outputs) + output) * Columns) + column
        : (((((group * Inputs) + (column / Taps)) * Outputs) + output) * Taps) + (column % Taps);
}
