using OnnxCompress.Forms;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Selection.LowRank;

/// <summary>Decompositions are made once, are those of the backend to the last bit, and take no more memory than allowed.</summary>
public sealed class DecompositionMemoryTests
{
    private const int Size = 30;

    private const long BytesOfOne = 512 + (sizeof(double) * Size * (Size + 1));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(12)]
    [InlineData(Size)]
    public void All_ranks_come_from_one_decomposition_as_the_backend_makes_them(int count)
    {
        var backend = new CountingBackend();
        var memory = new DecompositionMemory(backend, 10 * BytesOfOne);
        var matrix = Symmetric(1);
        var expected = new CpuBackend(1).TopEigen(matrix, count, new Random(0));
        _ = ((IDenseBackend)memory).TopEigen(matrix, Size, new Random(0));

        var again = ((IDenseBackend)memory).TopEigen(matrix, count, new Random(0));

        Assert.Equal(1, backend.Calls(nameof(IDenseBackend.DecomposeSymmetric)));
        Assert.Equal(0, backend.Calls(nameof(IDenseBackend.DecomposeSymmetricTop)));
        Assert.Equal(expected.Values, again.Values);
        Assert.Equal(expected.Vectors.Values.ToArray(), again.Vectors.Values.ToArray());
    }

    [Fact]
    public void Few_of_a_large_matrix_are_iterated_for()
    {
        var backend = new CountingBackend();

        _ = ((IDenseBackend)new DecompositionMemory(backend, long.MaxValue)).TopEigen(Matrix<double>.Identity(260), 1, new Random(0));

        Assert.Equal(1, backend.Calls(nameof(IDenseBackend.DecomposeSymmetricTop)));
    }

    [Fact]
    public void What_was_not_used_for_longest_is_forgotten_first()
    {
        var backend = new CountingBackend();
        var memory = new DecompositionMemory(backend, 2 * BytesOfOne);
        foreach (var seed in new[] { 1, 2, 1, 3, 1 })
        {
            _ = ((IDenseBackend)memory).SymmetricEigen(Symmetric(seed));
        }

        Assert.Equal(3, backend.Calls(nameof(IDenseBackend.DecomposeSymmetric)));
        _ = ((IDenseBackend)memory).SymmetricEigen(Symmetric(2));
        Assert.Equal(4, backend.Calls(nameof(IDenseBackend.DecomposeSymmetric)));
    }

    [Fact]
    public void What_is_larger_than_the_memory_is_not_kept()
    {
        var backend = new CountingBackend();
        var memory = new DecompositionMemory(backend, BytesOfOne - 1);

        _ = ((IDenseBackend)memory).SymmetricEigen(Symmetric(1));
        _ = ((IDenseBackend)memory).SymmetricEigen(Symmetric(1));
        _ = ((IDenseBackend)memory).SymmetricValues(Symmetric(1));
        _ = ((IDenseBackend)memory).SymmetricValues(Symmetric(1));

        Assert.Equal(2, backend.Calls(nameof(IDenseBackend.DecomposeSymmetric)));
        Assert.Equal(1, backend.Calls("Values"));
    }

    [Theory]
    [InlineData(SplitForm.Response)]
    [InlineData(SplitForm.Plain)]
    [InlineData(SplitForm.Input)]
    public void Every_rank_of_a_layer_is_built_from_what_the_first_asked_for(SplitForm form)
    {
        // So few rows that several shares of white inputs are tried.
        var problem = new LayerCase(24, 20, rows: 30).Problem;
        var backend = new CountingBackend();
        var method = SplitMethod.Of(form, new DecompositionMemory(backend, 1 << 20));
        _ = method.Price(problem).ToArray();
        _ = method.Build(problem, new SplitShape(form, 3));
        var before = backend.Calls(nameof(IDenseBackend.DecomposeSymmetric));

        var factors = method.Build(problem, new SplitShape(form, 7));

        Assert.Equal(before, backend.Calls(nameof(IDenseBackend.DecomposeSymmetric)));
        Assert.Equal(0, backend.Calls(nameof(IDenseBackend.DecomposeSymmetricTop)));
        var expected = SplitMethod.Of(form, new CpuBackend(1)).Build(problem, new SplitShape(form, 7));
        Assert.Equal(expected.Chain.Select(f => f.Weight.Values.ToArray()), factors.Chain.Select(f => f.Weight.Values.ToArray()));
    }

    [Fact]
    public void With_many_rows_a_response_split_is_built_without_a_judgement()
    {
        var backend = new CountingBackend();

        _ = new ResponseSplit(backend).Build(new LayerCase(12, 10).Problem, new SplitShape(SplitForm.Response, 3));

        Assert.Equal(0, backend.Calls(nameof(IDenseBackend.DecomposeSymmetric)));
        Assert.Equal(1, backend.Calls(nameof(IDenseBackend.DecomposeSymmetricTop)));
    }

    private static Matrix<double> Symmetric(int seed)
    {
        var a = NumericMatrices.Uniform(Size, Size, seed);
        return NumericMatrices.Product(a, a, transposeB: Transpose.Yes);
    }
}
