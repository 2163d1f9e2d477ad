using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

/// <summary>The suite on the CPU, and what only the CPU does.</summary>
public sealed class NonFiniteTests() : NonFiniteSuite(new CpuBackend(2))
{
    public static TheoryData<string> OnlyHere => new(CpuCalls.Keys);

    private static Dictionary<string, Action<CpuBackend, Matrix<double>>> CpuCalls { get; } = new()
    {
        ["PivotedQr"] = (backend, matrix) => backend.PivotedQr(matrix),
        ["Qr"] = (backend, matrix) => backend.FactorQr(matrix, new double[matrix.Columns]),
        ["ThinSvd"] = (backend, matrix) => backend.ThinSvd(matrix),
    };

    [Theory]
    [MemberData(nameof(OnlyHere))]
    public void NaN_and_infinities_are_refused_by_what_only_the_CPU_does(string operation)
    {
        foreach (var poison in (double[])[double.NaN, double.PositiveInfinity, double.NegativeInfinity])
        {
            var matrix = NumericMatrices.Uniform(20, 20, 1);
            matrix[9, 3] = poison;

            var refused = Assert.Throws<NumericException>(() => CpuCalls[operation](new CpuBackend(2), matrix));

            Assert.Equal(NumericFailure.NotFinite, refused.Failure);
        }
    }
}
