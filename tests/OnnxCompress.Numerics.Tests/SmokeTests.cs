using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public sealed class SmokeTests
{
    private static readonly CpuBackend Backend = new();

    [Fact]
    public void Everything_reconstructs()
    {
        var a = NumericMatrices.Uniform(30, 20, 1);
        var gram = Backend.Gram(a);

        var qr = Backend.PivotedQr(a);
        var pc = Backend.PivotedCholesky(gram);
        var eigen = Backend.SymmetricEigen(gram);
        var svd = Backend.ThinSvd(a);
        var l = Backend.Cholesky(gram);

        NumericAssert.OrthonormalColumns(qr.Orthonormal, 1e-13, "");
        Assert.Equal(qr.Pivots[..20], pc.Pivots);
        NumericAssert.RelativeFrobenius(gram, Backend.Multiply(pc.Factor, pc.Factor, Transpose.Yes), 1e-13, "");
        NumericAssert.RelativeFrobenius(gram, Backend.Multiply(l, l, transposeB: Transpose.Yes), 1e-13, "");
        NumericAssert.OrthonormalColumns(eigen.Vectors, 1e-13, "");
        NumericAssert.OrthonormalColumns(svd.Left, 1e-13, "");
        NumericAssert.RelativeFrobenius(gram, Backend.Multiply(NumericMatrices.ScaleColumns(eigen.Vectors, eigen.Values), eigen.Vectors, transposeB: Transpose.Yes), 1e-13, "");
        NumericAssert.RelativeFrobenius(a, Backend.Multiply(NumericMatrices.ScaleColumns(svd.Left, svd.Values), svd.RightTransposed), 1e-13, "");
    }
}
