using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public sealed class ThreadCountTests
{
    public static TheoryData<string> Operations => new(Calls.Keys);

    private static Matrix<double> Tall { get; } = NumericMatrices.Uniform(600, 300, 1);

    private static Matrix<float> TallFloat { get; } = NumericMatrices.ToFloat(Tall);

    private static Matrix<double> Gram { get; } = new CpuBackend(1).Gram(Tall);

    private static Dictionary<string, Func<CpuBackend, double[]>> Calls { get; } = new()
    {
        ["double product"] = backend => backend.Multiply(Tall, Gram).Values.ToArray(),
        ["float product"] = backend => NumericMatrices.ToDouble(backend.Multiply(TallFloat, TallFloat, Transpose.Yes)).Values.ToArray(),
        ["gram"] = backend => backend.Gram(TallFloat).Values.ToArray(),
        ["long gram of few columns"] = backend => backend.Gram(NumericMatrices.ToFloat(NumericMatrices.Uniform(20000, 24, 2))).Values.ToArray(),
        ["Cholesky"] = backend => backend.InvertPositiveDefinite(Gram).Values.ToArray(),
        ["pivoted Cholesky"] = backend => backend.PivotedCholesky(Gram).Factor.Values.ToArray(),
        ["eigen"] = backend => backend.SymmetricEigen(Gram) is var eigen ? [.. eigen.Values, .. eigen.Vectors.Values] : [],
        ["top eigen"] = backend => backend.TopEigen(Gram, 20, new Random(1)) is var eigen ? [.. eigen.Values, .. eigen.Vectors.Values] : [],
        ["ridge"] = backend => Ridge.Solve(backend, Gram, Tall, 1)!.Values.ToArray(),
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void Results_are_equal_to_the_bit_for_any_number_of_threads(string operation)
    {
        var alone = Calls[operation](new CpuBackend(1));

        foreach (var threads in (int[])[2, 3, 8])
        {
            Assert.Equal(alone, Calls[operation](new CpuBackend(threads)));
        }
    }

    [Fact]
    public async Task Calls_from_several_threads_do_not_disturb_each_other()
    {
        var backend = new CpuBackend(2);
        var expected = backend.PivotedCholesky(Gram).Factor.Values.ToArray();

        var results = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => backend.PivotedCholesky(Gram).Factor.Values.ToArray())));

        Assert.All(results, result => Assert.Equal(expected, result));
    }

    [Fact]
    public void Zero_threads_means_all_cores()
    {
        Assert.Equal(Environment.ProcessorCount, new CpuBackend().Threads);
        Assert.Contains("thread", new CpuBackend().Name, StringComparison.Ordinal);
    }
}
