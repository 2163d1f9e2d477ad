using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public abstract class NonFiniteSuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    public static TheoryData<string> Operations => new(Calls.Keys);

    private static Dictionary<string, Action<IDenseBackend, Matrix<double>>> Calls { get; } = new()
    {
        ["Cholesky"] = (backend, matrix) => backend.Cholesky(matrix),
        ["PivotedCholesky"] = (backend, matrix) => backend.PivotedCholesky(matrix),
        ["SymmetricEigen"] = (backend, matrix) => backend.SymmetricEigen(matrix),
        ["TopEigen"] = (backend, matrix) => backend.TopEigen(matrix, 2, new Random(1)),
        ["Ridge"] = (backend, matrix) => Ridge.Solve(backend, matrix, new Matrix<double>(2, matrix.Columns), 1),
        ["Triangular, right side"] = (backend, matrix) => backend.SolveTriangular(Triangle.Lower, Transpose.No, Matrix<double>.Identity(matrix.Rows), matrix),
        ["Triangular, factor"] = (backend, matrix) => backend.SolveTriangular(Triangle.Lower, Transpose.No, matrix, NumericMatrices.Uniform(matrix.Rows, 1, 1)),
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void NaN_and_infinities_are_refused_by_name(string operation)
    {
        foreach (var poison in (double[])[double.NaN, double.PositiveInfinity, double.NegativeInfinity])
        {
            foreach (var (row, column) in new[] { (0, 0), (9, 3), (19, 19) })
            {
                var matrix = CholeskySuite.PositiveDefinite(20);
                matrix[row, column] = poison;

                var refused = Assert.Throws<NumericException>(() => Calls[operation](Backend, matrix));

                Assert.Equal(NumericFailure.NotFinite, refused.Failure);
            }
        }
    }

    [Fact]
    public void The_message_says_where()
    {
        var matrix = CholeskySuite.PositiveDefinite(20);
        matrix[9, 3] = double.NaN;

        var refused = Assert.Throws<NumericException>(() => Backend.Cholesky(matrix));

        Assert.Contains("(9, 3)", refused.Message, StringComparison.Ordinal);
    }
}
