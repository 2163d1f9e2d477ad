using ILGPU;
using ILGPU.Runtime.CPU;
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
    [InlineData(33, 65, 40)]
    [InlineData(40, 36, 300)]
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
    public void Products_of_the_groups_that_a_GPU_gets()
    {
        // 16 x 16 threads make a tile of 128 x 128: two tiles in each direction, and two slices.
        using var context = Context.Create(builder => builder.CPU(CPUDeviceKind.Nvidia));
        using var accelerator = context.CreateCPUAccelerator(0);
        using var device = new IlgpuBackend(context, accelerator, new() { Threads = 1, SmallestWork = 0, EdgeThreads = 16 });
        var (a, b) = (NumericMatrices.Uniform(132, 20, 1), NumericMatrices.Uniform(20, 136, 2));
        var ofFloats = new Matrix<float>(132, 136);

        var product = device.Multiply(a, b);
        device.Multiply(1, NumericMatrices.ToFloat(a), Transpose.No, NumericMatrices.ToFloat(b), Transpose.No, 0, ofFloats);

        NumericAssert.RelativeFrobenius(NumericMatrices.Product(a, b), product, 40 * NumericAssert.Eps, "two 20-term sums");
        NumericAssert.RelativeFrobenius(NumericMatrices.Product(a, b), NumericMatrices.ToDouble(ofFloats), 84 * NumericAssert.FloatEps, "a 20-term float sum of rounded entries");
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
    public void Pivots_of_Cholesky()
    {
        var gram = Cpu.Gram(NumericMatrices.Uniform(60, 24, 1));

        var cholesky = Device.PivotedCholesky(gram);

        Assert.Equal(Cpu.PivotedCholesky(gram).Pivots, cholesky.Pivots);
        NumericAssert.RelativeFrobenius(gram, NumericMatrices.Product(cholesky.Factor, cholesky.Factor, Transpose.Yes), 4 * 24 * NumericAssert.Eps, "Higham 2002, theorem 10.14");
    }

    [Fact]
    public void Orthonormal_bases_in_panels()
    {
        var columns = NumericMatrices.Uniform(50, 40, 3);

        var basis = Device.Orthonormal(columns);

        NumericAssert.OrthonormalColumns(basis, 90 * NumericAssert.Eps, "n eps");
        var within = NumericMatrices.Product(basis, NumericMatrices.Product(basis, columns, Transpose.Yes));
        NumericAssert.RelativeFrobenius(columns, within, 90 * NumericAssert.Eps, "the span holds the columns");
    }

    [Fact]
    public void Sums_over_groups()
    {
        var matrix = NumericMatrices.Scale(NumericMatrices.Product(NumericMatrices.Uniform(20, 1, 1), NumericMatrices.Uniform(1, 33, 2)), 1);
        foreach (ref var value in matrix.Values)
        {
            value = Math.Abs(value);
        }

        var (expected, shares) = (new double[33], new double[33]);
        Cpu.LargestShares(matrix, expected);

        Device.LargestShares(matrix, shares);
        using var chain = Device.OpenChain(0);
        var operand = chain.Put(matrix);
        var dot = chain.Dot(operand, operand);

        Assert.All(Enumerable.Range(0, 33), column => NumericAssert.Within(expected[column], shares[column], 33 * NumericAssert.Eps, 1, "sums in another order"));
        NumericAssert.Within(Math.Pow(NumericAssert.Norm(matrix), 2), dot, 660 * NumericAssert.Eps, dot, "sums in another order");
    }
}
