using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// A two-dimensional kernel as a column, then a row: the weight as <c>(in * height) x (out * width)</c>, truncated. Each
/// factor takes the layer's stride, padding and dilation along its own axis. Factors read no data; prices are those of the weight that
/// is given.
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
        var (column, row) = Factors(problem.Size.Inputs, problem.Size.Kernel, problem.Weight, shape.Rank);
        return new SplitFactors([new SplitFactor(column, [true, false], 1, Reduce), new SplitFactor(row, [false, true], 1, Expand)]);
    }

    /// <summary>The column and the row of a rank that come closest to a weight.</summary>
    /// <param name="inputs">Input channels.</param>
    /// <param name="kernel">Height and width.</param>
    /// <param name="weight"><c>outputs x (inputs * height * width)</c>.</param>
    /// <param name="rank">The rank.</param>
    /// <returns><c>rank x (inputs * height)</c>, and <c>outputs x (rank * width)</c>.</returns>
    public (Matrix<double> Column, Matrix<double> Row) Factors(int inputs, int[] kernel, Matrix<double> weight, int rank)
    {
        var form = new FoldedKernel(inputs, kernel[0], kernel[1]);
        var (left, right) = Truncated(form.Fold(weight), rank);
        return (left.Transpose(), form.Row(right));
    }

    private static Matrix<double> Folded(LayerProblem problem) => new FoldedKernel(problem.Size.Inputs, problem.Size.Kernel[0], problem.Size.Kernel[1]).Fold(problem.Weight);
}
