using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// How an operator stores its weight, seen as one matrix <c>outputs x (inputs * taps)</c> for each group, the taps
/// innermost.
/// </summary>
/// <param name="Groups">Groups of the convolution; 1 for matrix products.</param>
/// <param name="Outputs">Output channels of each group.</param>
/// <param name="Inputs">Input channels of each group.</param>
/// <param name="Kernel">Size of the kernel along each spatial axis; empty for matrix products.</param>
/// <param name="Order">Where an entry lies.</param>
internal sealed record WeightLayout(int Groups, int Outputs, int Inputs, int[] Kernel, WeightOrder Order)
{
    /// <summary>Elements of the kernel.</summary>
    public int Taps { get; } = Kernel.Aggregate(1, (product, k) => checked(product * k));

    /// <summary>Columns of the matrix of a group.</summary>
    public int Columns => checked(Inputs * Taps);

    /// <summary>Rows of all groups.</summary>
    public int AllOutputs => Groups * Outputs;

    /// <summary>The layout of a node's weight; null for operators that are no linear layers.</summary>
    /// <param name="node">Conv, ConvTranspose, Gemm or MatMul.</param>
    /// <param name="dims">Shape of its weight.</param>
    /// <param name="isLeft">Whether the weight is the left operand of a MatMul.</param>
    public static WeightLayout? Of(GraphNode node, IReadOnlyList<long> dims, bool isLeft)
    {
        int[] sizes = [.. dims.Select(d => checked((int)d))];
        var groups = (int)node.Int("group", 1);
        return node.OpType switch
        {
            "Conv" when sizes.Length > 2 => new(groups, sizes[0] / groups, sizes[1], sizes[2..], WeightOrder.OutputsFirst),
            "ConvTranspose" when sizes.Length > 2 => new(groups, sizes[1], sizes[0] / groups, sizes[2..], WeightOrder.InputsFirst),
            "Gemm" when sizes.Length == 2 && node.Int("transB", 0) != 0 => new(1, sizes[0], sizes[1], [], WeightOrder.OutputsFirst),
            "MatMul" when sizes.Length == 2 && isLeft => new(1, sizes[0], sizes[1], [], WeightOrder.OutputsFirst),
            "Gemm" or "MatMul" when sizes.Length == 2 => new(1, sizes[1], sizes[0], [], WeightOrder.InputsFirst),
            _ => null,
        };
    }

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

    private int IndexOf(int group, int output, int column) => Order == WeightOrder.OutputsFirst
        ? (((group * Outputs) + output) * Columns) + column
        : (((((group * Inputs) + (column / Taps)) * Outputs) + output) * Taps) + (column % Taps);
}
