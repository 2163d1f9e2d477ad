using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.Interpolative;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Selection;

/// <summary>The swaps behind the greedy choice, and the matrix that a greedy choice fails on (fixture D1 e).</summary>
public sealed class ChannelExchangeTests
{
    [Fact]
    public void Swaps_bring_down_what_the_greedy_choice_leaves_of_Kahans_matrix()
    {
        const int Size = 24;
        var matrix = Kahan(Size);
        var values = MathNet.Numerics.LinearAlgebra.Double.DenseMatrix.Build.DenseOfRowMajor(Size, Size, matrix.Values.ToArray()).Svd(computeVectors: false).S;
        var gram = GramOf(matrix);
        // Greedy pivoting takes the columns as they stand, and leaves the last one.
        var kept = Enumerable.Range(0, Size).Select(c => c < Size - 1).ToArray();

        var swapped = ChannelExchange.Improve(Group(Size), [new ExchangeGains([.. Enumerable.Range(0, Size)], Size, gram, 0, Workbench.Backend)], kept, Token);

        Assert.Equal(Size - 1, swapped.Count(k => k));
        Assert.True(Left(gram, kept) > 100 * values[^1], "The greedy choice is a hundred times worse than the best low rank.");
        // The bound of strong rank-revealing QR: sqrt(1 + k (n - k)) sigma_(k+1).
        Assert.InRange(Left(gram, swapped), values[^1], Math.Sqrt(Size) * values[^1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public void The_price_of_every_exchange_is_what_least_squares_says_afterwards(int width)
    {
        const int Size = 8;
        // The second consumer reads five of the channels, in another order.
        int[] all = [0, 1, 2, 3, 4, 5, 6, 7], some = [6, 2, 0, 5, 3];
        var (first, second) = (GramOf(NumericMatrices.Uniform(40, Size, 1)), GramOf(NumericMatrices.Uniform(40, some.Length, 2)));
        ExchangeGains[] consumers = [new(all, Size, first, 0, Workbench.Backend), new(some, Size, second, 0, Workbench.Backend)];
        var kept = all.Select(c => c < width).ToArray();
        double Error(bool[] choice) =>
            (Square(Left(first, choice)) / Trace(first)) + (Square(Left(second, [.. some.Select(c => choice[c])])) / Trace(second));

        var changes = new Matrix<double>(width, Size - width);
        double error = 0;
        foreach (var consumer in consumers)
        {
            error += consumer.Add(kept, changes)!.Value;
        }

        NumericAssert.Within(Error(kept), error, 1e-12, 1, "the error as it stands");
        for (var s = 0; s < width; s++)
        {
            for (var j = 0; j < Size - width; j++)
            {
                bool[] after = [.. kept];
                (after[s], after[width + j]) = (false, true);
                NumericAssert.Within(Error(after) - error, changes[s, j], 1e-12, 1, $"{s} for {width + j}");
            }
        }
    }

    [Fact]
    public void Channels_that_must_stay_stay()
    {
        const int Size = 24;
        var free = Group(Size);
        var held = new ChannelGroup(free.Name, free.Atoms, [.. free.Atoms.Select((_, c) => c == 23)], free.ConsumerLayers) { Segments = free.Segments };
        var kept = Enumerable.Range(0, Size).Select(c => c < Size - 1).ToArray();

        var swapped = ChannelExchange.Improve(held, [new ExchangeGains([.. Enumerable.Range(0, Size)], Size, GramOf(Kahan(Size)), 0, Workbench.Backend)], kept, Token);

        Assert.Equal(kept, swapped);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ChannelGroup Group(int channels)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3);
        builder.Gemm("f2", builder.Gemm("f1", "x", 3, channels), channels, 4);
        return new Workbench(builder.Output("f2").Build()).Group("f1");
    }

    /// <summary>diag(1, s, s^2, ...) times a unit upper triangle of -c, c = 0.3 (Kahan 1966).</summary>
    private static Matrix<double> Kahan(int size)
    {
        var sine = Math.Sqrt(1 - (0.3 * 0.3));
        var matrix = new Matrix<double>(size, size);
        for (var row = 0; row < size; row++)
        {
            for (var column = row; column < size; column++)
            {
                matrix[row, column] = Math.Pow(sine, row) * (row == column ? 1 : -0.3);
            }
        }

        return matrix;
    }

    private static Matrix<double> GramOf(Matrix<double> rows)
    {
        var gram = new Matrix<double>(rows.Columns, rows.Columns);
        Workbench.Backend.AddGram(rows, gram);
        return gram;
    }

    /// <summary>Frobenius norm of what least squares on the kept columns leaves.</summary>
    private static double Left(Matrix<double> gram, bool[] kept)
    {
        int[] stay = [.. Enumerable.Range(0, kept.Length).Where(c => kept[c])];
        int[] go = [.. Enumerable.Range(0, kept.Length).Where(c => !kept[c])];
        var whole = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(kept.Length, kept.Length, (i, j) => gram[i, j]);
        MathNet.Numerics.LinearAlgebra.Matrix<double> Part(int[] rows, int[] columns) =>
            MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(rows.Length, columns.Length, (i, j) => whole[rows[i], columns[j]]);
        return Math.Sqrt((Part(go, go) - (Part(go, stay) * Part(stay, stay).Solve(Part(stay, go)))).Trace());
    }

    private static double Trace(Matrix<double> gram) => Enumerable.Range(0, gram.Rows).Sum(i => gram[i, i]);

    private static double Square(double value) => value * value;
}
