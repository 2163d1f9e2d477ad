using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// A two-dimensional kernel as a column, then a row: the weight as <c>(in * height) x (out * width)</c>, truncated. Each
/// factor takes the layer's stride, padding and dilation along its own axis. Reads no data.
/// </summary>
/// <param name="backend">Factorises.</param>
internal sealed class SpatialSplit(IDenseBackend backend) : SplitMethod(backend)
{
    /// <inheritdoc />
    public override SplitForm Form => SplitForm.Spatial;

    /// <inheritdoc />
    public override bool Applies(LayerProblem problem) => problem.Size.Kernel is [> 1, > 1];

    /// <inheritdoc />
    public override IEnumerable<SplitOption> Price(LayerProblem problem)
    {
        var carried = SquaredValues(Folded(problem), Backend);
        var errors = ErrorsOf(carried, carried.Sum());
        return Enumerable.Range(1, carried.Length).Select(r => new SplitOption(new SplitShape(Form, r), errors[r]));
    }

    /// <inheritdoc />
    public override SplitFactors Build(LayerProblem problem, SplitShape shape)
    {
        var (outputs, height, width) = (problem.Size.Outputs, problem.Size.Kernel[0], problem.Size.Kernel[1]);
        var (left, right) = Truncated(Folded(problem), shape.Rank);
        var column = new Matrix<double>(shape.Rank, problem.Size.Inputs * height);
        var row = new Matrix<double>(outputs, shape.Rank * width);
        for (var j = 0; j < shape.Rank; j++)
        {
            for (var i = 0; i < left.Rows; i++)
            {
                column[j, i] = left[i, j];
            }

            for (var i = 0; i < right.Columns; i++)
            {
                row[i / width, (j * width) + (i % width)] = right[j, i];
            }
        }

        return new SplitFactors([new SplitFactor(column, [true, false], 1, Reduce), new SplitFactor(row, [false, true], 1, Expand)]);
    }

    private static Matrix<double> Folded(LayerProblem problem)
    {
        var (size, height, width) = (problem.Size, problem.Size.Kernel[0], problem.Size.Kernel[1]);
        var folded = new Matrix<double>(size.Inputs * height, size.Outputs * width);
        for (var o = 0; o < size.Outputs; o++)
        {
            for (var i = 0; i < size.Inputs * height; i++)
            {
                for (var x = 0; x < width; x++)
                {
                    folded[i, (o * width) + x] = problem.Weight[o, (i * width) + x];
                }
            }
        }

        return folded;
    }
}
