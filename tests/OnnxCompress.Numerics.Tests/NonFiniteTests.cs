using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public sealed class NonFiniteTests
{
    private static readonly CpuBackend Backend = new(2);

    public static TheoryData<string> Operations => new(Calls.Keys);

    private static Dictionary<string, Action<Matrix<double>>> Calls { get; } = new()
    {
        ["Cholesky"] = matrix => Backend.Cholesky(matrix),
        ["PivotedCholesky"] = matrix => Backend.PivotedCholesky(matrix),
        ["PivotedQr"] = matrix => Backend.PivotedQr(matrix),
        ["Qr"] = matrix => Backend.FactorQr(matrix, new double[matrix.Columns]),
        ["SymmetricEigen"] = matrix => Backend.SymmetricEigen(matrix),
        ["TopEigen"] = matrix => Backend.TopEigen(matrix, 2, new Random(1)),
        ["ThinSvd"] = matrix => Backend.ThinSvd(matrix),
        ["TopSvd"] = matrix => Backend.TopSvd(matrix, 2, new Random(1), oversampling: 3),
        ["Ridge"] = matrix => RidgeRegression.Solve(Backend, matrix, new Matrix<double>(2, matrix.Columns), 1, default),
        ["Triangular, right side"] = matrix => Backend.SolveTriangular(Triangle.Lower, Transpose.No, Matrix<double>.Identity(matrix.Rows), matrix),
        ["Triangular, factor"] = matrix => Backend.SolveTriangular(Triangle.Lower, Transpose.No, matrix, NumericMatrices.Uniform(matrix.Rows, 1, 1)),
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void NaN_and_infinities_are_refused_by_name(string operation)
    {
        foreach (var poison in (double[])[double.NaN, double.PositiveInfinity, double.NegativeInfinity])
        {
            foreach (var (row, column) in new[] { (0, 0), (9, 3), (19, 19) })
            {
                var matrix = CholeskyTests.PositiveDefinite(20);
                matrix[row, column] = poison;

                var refused = Assert.Throws<NumericException>(() => Calls[operation](matrix));

                Assert.Equal(NumericFailure.NotFinite, refused.Failure);
            }
        }
    }

    [Fact]
    public void The_message_says_where()
    {
        var matrix = CholeskyTests.PositiveDefinite(20);
        matrix[9, 3] = double.NaN;

        var refused = Assert.Throws<NumericException>(() => Backend.Cholesky(matrix));

        Assert.Contains("(9, 3)", refused.Message, StringComparison.Ordinal);
    }
}
