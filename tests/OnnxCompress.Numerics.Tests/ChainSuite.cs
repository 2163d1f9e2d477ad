using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

/// <summary>Every operation of a chain against its definition.</summary>
public abstract class ChainSuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(67)]
    public void A_system_is_solved_and_its_error_is_that_of_the_definition(int size)
    {
        var (normal, cross, prior) = (CholeskySuite.PositiveDefinite(size), NumericMatrices.Uniform(3, size, 2), NumericMatrices.Uniform(3, size, 3));
        using var chain = Backend.OpenChain(0);
        var problem = new RidgeProblem(chain, normal, cross, chain.Put(prior.Transpose()));
        var judge = new RidgeJudge(chain, normal, cross, 50);

        foreach (var lambda in new[] { 0.5, 2.0 })
        {
            var solution = problem.Solve(lambda)!;
            var weights = Read(chain, solution).Transpose();
            var error = judge.ErrorOf(solution);

            NumericAssert.RelativeFrobenius(Ridge.Solve(new CpuBackend(1), normal, cross, lambda, prior)!, weights, 100 * size * NumericAssert.Eps, "n eps times the condition");
            var product = NumericMatrices.Product(weights, normal);
            var expected = 50.0;
            for (var index = 0; index < product.Values.Length; index++)
            {
                expected += weights.Values[index] * (product.Values[index] - (2 * cross.Values[index]));
            }

            NumericAssert.Within(Math.Max(expected, 0), error, 100 * size * NumericAssert.Eps, 50, "sums in another order");
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(6, 40)]
    [InlineData(67, 90)]
    public void Parts_of_samples_about_a_point_are_what_their_sum_is(int size, int samples)
    {
        var (first, second) = (NumericMatrices.Uniform(size, samples, 1), NumericMatrices.Uniform(size, samples + 3, 2));
        double[] point = [.. Enumerable.Range(0, size).Select(i => 0.1 * i)];
        Matrix<double>[] grams = [NumericMatrices.Product(first, first, transposeB: Transpose.Yes), NumericMatrices.Product(second, second, transposeB: Transpose.Yes)];
        double[] sums = [.. Enumerable.Range(0, size).Select(i => first.Row(i).ToArray().Sum() + second.Row(i).ToArray().Sum())];
        var (expected, right) = (new Matrix<double>(size, size), NumericMatrices.Uniform(size, 3, 4));
        foreach (var part in new[] { first, second })
        {
            for (var i = 0; i < size; i++)
            {
                for (var j = 0; j < size; j++)
                {
                    expected[i, j] += Enumerable.Range(0, part.Columns).Sum(c => (part[i, c] - point[i]) * (part[j, c] - point[j]));
                }
            }
        }

        using var chain = Backend.OpenChain(0);
        var scatter = new ScatterMatrix(chain, [.. grams.Select(g => (g, chain.Put(g)))], (point, sums, (2 * samples) + 3));

        var (formed, product) = (Read(chain, scatter.Shifted(0)), Read(chain, scatter.Times(chain.Put(right))));
        var shifted = Read(chain, scatter.Shifted(2));

        // Sums about zero are larger than those about the point by the squares of points up to 6.6.
        var rounding = 1e4 * NumericAssert.Eps;
        NumericAssert.RelativeFrobenius(expected, formed, rounding, "sums about zero");
        NumericAssert.RelativeFrobenius(NumericMatrices.Product(expected, right), product, rounding * 100, "likewise, and terms of both signs");
        NumericAssert.Within(Enumerable.Range(0, size).Sum(i => expected[i, i]), scatter.Trace, rounding, scatter.Trace, "sums about zero");
        NumericAssert.Within(formed[0, 0] + 2, shifted[0, 0], rounding, shifted[0, 0], "one addition");
        Assert.Equal(size, scatter.Size);
    }

    [Fact]
    public void A_system_that_is_not_positive_definite_has_no_solution()
    {
        using var chain = Backend.OpenChain(0);
        var normal = CholeskySuite.PositiveDefinite(40);
        normal[33, 33] = -1;

        Assert.Null(new RidgeProblem(chain, normal, NumericMatrices.Uniform(2, 40, 1), null).Solve(0));
    }

    [Fact]
    public void Weights_of_a_rank_are_the_projected_ones()
    {
        var (normal, cross) = (CholeskySuite.PositiveDefinite(24), NumericMatrices.Uniform(9, 24, 2));
        using var chain = Backend.OpenChain(0);
        var problem = new RidgeProblem(chain, normal, cross, null);

        var (solution, expand) = problem.SolveLowRank(Backend, 0.3, 4)!.Value;

        var full = Ridge.Solve(new CpuBackend(1), normal, cross, 0.3)!;
        var shifted = normal.Clone();
        for (var index = 0; index < 24; index++)
        {
            shifted[index, index] += 0.3;
        }

        var energies = NumericMatrices.Product(NumericMatrices.Product(full, shifted), full, transposeB: Transpose.Yes);
        var basis = new CpuBackend(1).TopEigen(energies, 4, new Random(1)).Vectors;
        var expected = NumericMatrices.Product(basis, NumericMatrices.Product(basis, full, Transpose.Yes));
        NumericAssert.RelativeFrobenius(expected, Read(chain, solution).Transpose(), 1e-10, "gap of the spectrum");
        NumericAssert.OrthonormalColumns(expand, 1e-13, "n eps");
    }

    [Fact]
    public void Parts_copies_sums_and_rows_are_what_they_say()
    {
        var (square, other) = (NumericMatrices.Uniform(23, 23, 1), NumericMatrices.Uniform(23, 23, 2));
        int[] indices = [22, 0, 7, 5];
        using var chain = Backend.OpenChain(0);
        var (a, b) = (chain.Put(square), chain.Put(other));

        var copy = chain.Copy(a, 2);
        chain.AddScaled(-3, b, copy);
        chain.Multiply(2, a, Transpose.No, b, Transpose.Yes, 0.5, copy);
        var part = Read(chain, chain.Part(copy, indices));
        var row = new double[4];
        chain.ReadRow(chain.Part(copy, indices), 2, row);

        var product = NumericMatrices.Product(square, other, transposeB: Transpose.Yes);
        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                var (r, c) = (indices[i], indices[j]);
                var expected = (2 * product[r, c]) + (0.5 * (square[r, c] + (r == c ? 2 : 0) - (3 * other[r, c])));
                NumericAssert.Within(expected, part[i, j], 30 * NumericAssert.Eps, 10, "a sum of 23 products");
            }
        }

        Assert.Equal(part.Row(2).ToArray(), row);
        chain.ReadColumn(chain.Part(copy, indices), 1, row);
        Assert.Equal(part.Transpose().Row(1).ToArray(), row);
        NumericAssert.Within(square.Values.ToArray().Zip(other.Values.ToArray(), (x, y) => x * y).Sum(), chain.Dot(a, b), 600 * NumericAssert.Eps, 100, "a sum of 529 products");
        Assert.Equal(double.NaN, chain.Dot(a, chain.Put(new Matrix<double>(23, 23, [.. Enumerable.Repeat(double.NaN, 529)]))));
        Assert.True(square.Values.SequenceEqual(NumericMatrices.Uniform(23, 23, 1).Values));
    }

    private static Matrix<double> Read(IDenseChain chain, IDenseOperand operand)
    {
        var matrix = new Matrix<double>(operand.Rows, operand.Columns);
        chain.Read(operand, matrix);
        return matrix;
    }
}
