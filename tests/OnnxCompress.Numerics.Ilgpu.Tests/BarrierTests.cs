using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Ilgpu.Tests;

/// <summary>Groups of 16 threads that share memory and wait for one another give what the CPU gives.</summary>
public sealed class BarrierTests
{
    private static readonly CpuBackend Cpu = new(1);

    private static IlgpuBackend Device => Devices.WithBarriers;

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(16, 16, 16)]
    [InlineData(17, 33, 40)]
    public void Products(int m, int n, int k)
    {
        var (a, b) = (NumericMatrices.Uniform(k, m, 1), NumericMatrices.Uniform(k, n, 2));
        var product = new Matrix<double>(m, n);
        var ofFloats = new Matrix<float>(m, n);

        Device.Multiply(1, a, Transpose.Yes, b, Transpose.No, 0, product);
        Device.Multiply(1, NumericMatrices.ToFloat(a), Transpose.Yes, NumericMatrices.ToFloat(b), Transpose.No, 0, ofFloats);

        NumericAssert.RelativeFrobenius(NumericMatrices.Product(a, b, Transpose.Yes), product, 2 * k * NumericAssert.Eps, "two k-term sums");
        NumericAssert.RelativeFrobenius(NumericMatrices.Product(a, b, Transpose.Yes), NumericMatrices.ToDouble(ofFloats), 4 * (k + 1) * NumericAssert.FloatEps, "a k-term float sum of rounded entries");
    }

    [Fact]
    public void A_gram_of_several_float_blocks()
    {
        var samples = NumericMatrices.ToFloat(NumericMatrices.Uniform(300, 21, 1));

        var gram = Device.Gram(samples);

        NumericAssert.RelativeFrobenius(Cpu.Gram(NumericMatrices.ToDouble(samples)), gram, 4e-7, "float sums of at most 256 products");
        Assert.True(gram.Transpose().Values.SequenceEqual(gram.Values));
    }

    [Fact]
    public void Cholesky_and_its_refusal()
    {
        var samples = NumericMatrices.Uniform(90, 45, 1);
        var gram = Cpu.Gram(samples);
        var indefinite = gram.Clone();
        indefinite[40, 40] = -1;

        var factor = Device.Cholesky(gram);
        var failed = Device.FactorCholesky(indefinite);

        NumericAssert.RelativeFrobenius(gram, NumericMatrices.Product(factor, factor, transposeB: Transpose.Yes), 2 * 46 * NumericAssert.Eps, "Higham 2002, theorem 10.3");
        Assert.Equal(40, failed);
    }

    [Fact]
    public void Pivots_of_Cholesky_and_of_QR()
    {
        var samples = NumericMatrices.Uniform(60, 24, 1);
        var gram = Cpu.Gram(samples);

        var cholesky = Device.PivotedCholesky(gram);
        var qr = Device.PivotedQr(samples);

        Assert.Equal(Cpu.PivotedCholesky(gram).Pivots, cholesky.Pivots);
        Assert.Equal(cholesky.Pivots, qr.Pivots);
        NumericAssert.RelativeFrobenius(gram, NumericMatrices.Product(cholesky.Factor, cholesky.Factor, Transpose.Yes), 4 * 24 * NumericAssert.Eps, "Higham 2002, theorem 10.14");
        NumericAssert.RelativeFrobenius(Cpu.PivotedQr(samples).Upper, qr.Upper, 60 * 24 * NumericAssert.Eps, "the same reflectors in another order of sums");
    }

    [Fact]
    public void Plain_QR_in_panels()
    {
        var matrix = NumericMatrices.Uniform(50, 40, 3);
        var compact = matrix.Clone();
        var scales = new double[40];
        var q = new Matrix<double>(50, 40);

        Device.FactorQr(compact, scales);
        Device.FormQ(compact, scales, q);

        var upper = new Matrix<double>(40, 40);
        for (var row = 0; row < 40; row++)
        {
            compact.Row(row)[row..].CopyTo(upper.Row(row)[row..]);
        }

        NumericAssert.OrthonormalColumns(q, 90 * NumericAssert.Eps, "n eps");
        NumericAssert.RelativeFrobenius(matrix, NumericMatrices.Product(q, upper), 90 * NumericAssert.Eps, "sqrt(m n) eps");
    }
}
