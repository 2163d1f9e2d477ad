using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public abstract class MultiplySuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    public static TheoryData<int, int, int> Shapes()
    {
        var data = new TheoryData<int, int, int>();
        for (var length = 0; length <= 17; length++)
        {
            data.Add(length, 5, 3);
            data.Add(4, length, 6);
            data.Add(7, 9, length);
        }

        foreach (var (m, n, k) in new[] { (1, 1, 1), (1, 40, 300), (40, 1, 300), (31, 33, 511), (97, 257, 513), (13, 35, 1030), (512, 48, 7), (100, 300, 64) })
        {
            data.Add(m, n, k);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_double_product_equals_its_definition_for_every_transposition(int m, int n, int k)
    {
        foreach (var (ta, tb) in Transpositions())
        {
            var a = new NumericGuarded<double>(ta == Transpose.No ? NumericMatrices.Uniform(m, k, 1) : NumericMatrices.Uniform(k, m, 1));
            var b = new NumericGuarded<double>(tb == Transpose.No ? NumericMatrices.Uniform(k, n, 2) : NumericMatrices.Uniform(n, k, 2));
            var c = new NumericGuarded<double>(m, n);

            Backend.Multiply(1, a.View, ta, b.View, tb, 0, c.View);

            NumericAssert.Within(NumericMatrices.Product(a.View, b.View, ta, tb), c.View, NumericAssert.Eps * (k + 1), Scale(m, n, k), "two k-term sums, entries at most 1/4 a term");
            a.AssertUntouched();
            b.AssertUntouched();
            c.AssertPaddingUntouched();
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_float_product_equals_its_definition_for_every_transposition(int m, int n, int k)
    {
        foreach (var (ta, tb) in Transpositions())
        {
            var a = new NumericGuarded<float>(NumericMatrices.ToFloat(ta == Transpose.No ? NumericMatrices.Uniform(m, k, 1) : NumericMatrices.Uniform(k, m, 1)));
            var b = new NumericGuarded<float>(NumericMatrices.ToFloat(tb == Transpose.No ? NumericMatrices.Uniform(k, n, 2) : NumericMatrices.Uniform(n, k, 2)));
            var c = new NumericGuarded<float>(m, n);

            Backend.Multiply(1, a.View, ta, b.View, tb, 0, c.View);

            var expected = NumericMatrices.Product(NumericMatrices.ToDouble(a.View), NumericMatrices.ToDouble(b.View), ta, tb);
            NumericAssert.Within(expected, NumericMatrices.ToDouble(c.View), NumericAssert.FloatEps * (k + 1), Scale(m, n, k), "a k-term float sum");
            a.AssertUntouched();
            b.AssertUntouched();
            c.AssertPaddingUntouched();
        }
    }

    [Fact]
    public void Alpha_and_beta_weigh_product_and_destination()
    {
        var (a, b, c) = (NumericMatrices.Uniform(20, 300, 1), NumericMatrices.Uniform(300, 30, 2), NumericMatrices.Uniform(20, 30, 3));
        var expected = NumericMatrices.Product(a, b);
        for (var index = 0; index < expected.Values.Length; index++)
        {
            expected.Values[index] = (-2 * expected.Values[index]) + (0.5 * c.Values[index]);
        }

        Backend.Multiply(-2, a, Transpose.No, b, Transpose.No, 0.5, c);

        NumericAssert.RelativeFrobenius(expected, c, 300 * NumericAssert.Eps, "300-term sums");
    }

    [Fact]
    public void Alpha_zero_only_scales_the_destination()
    {
        var c = NumericMatrices.Uniform(5, 6, 3);
        var expected = NumericMatrices.Scale(c, 3);

        Backend.Multiply(0, NumericMatrices.Uniform(5, 4, 1), Transpose.No, NumericMatrices.Uniform(4, 6, 2), Transpose.No, 3, c);

        Assert.True(expected.Values.SequenceEqual(c.Values));
    }

    [Theory]
    [InlineData(1e-30)]
    [InlineData(1e30)]
    public void Scaling_an_input_by_a_power_of_two_scales_the_product_exactly(double magnitude)
    {
        var scale = Math.ScaleB(1, Math.ILogB(magnitude));
        var (a, b) = (NumericMatrices.Uniform(40, 50, 1), NumericMatrices.Uniform(50, 60, 2));

        var product = Backend.Multiply(NumericMatrices.Scale(a, scale), b);

        Assert.True(NumericMatrices.Scale(Backend.Multiply(a, b), scale).Values.SequenceEqual(product.Values));
    }

    [Fact]
    public void The_product_agrees_with_MathNet()
    {
        var (a, b) = (NumericMatrices.Uniform(150, 700, 1), NumericMatrices.Uniform(700, 130, 2));

        var product = Backend.Multiply(a, b);

        NumericAssert.RelativeFrobenius(Oracle.To(Oracle.From(a) * Oracle.From(b)), product, 700 * NumericAssert.Eps, "700-term sums");
    }

    [Fact]
    public void Sizes_that_disagree_are_named()
    {
        var refused = Assert.Throws<ArgumentException>(() => Backend.Multiply(new Matrix<double>(3, 4), new Matrix<double>(5, 6)));

        Assert.Contains("4", refused.Message, StringComparison.Ordinal);
        Assert.Contains("5", refused.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(Transpose A, Transpose B)> Transpositions()
        => [(Transpose.No, Transpose.No), (Transpose.No, Transpose.Yes), (Transpose.Yes, Transpose.No), (Transpose.Yes, Transpose.Yes)];

    private static double Scale(int m, int n, int k) => 0.25 * k * Math.Sqrt((double)m * n);
}
