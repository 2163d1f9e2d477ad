using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Samples;

/// <summary>Samples are told apart by what a model is fed.</summary>
public sealed class FedContentTests : IDisposable
{
    private static readonly TensorInfo Input = new("x", ElementType.Float, [new(null, "N"), new(2, null)]);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_element_type_on_disk_makes_no_difference()
    {
        using var bytes = Open(_folder.Write("b.npy", NpyBytes.Of<byte>([2, 2], 1, 2, 3, 4)));
        using var floats = Open(_folder.Write("f.npy", NpyBytes.Of<float>([2, 2], 3, 4, 1, 2)));
        using var doubles = Open(_folder.Write("d.npy", NpyBytes.Of<double>([1, 2], 1, 2)));

        Assert.Equal(FedContent.Of(bytes, 0), FedContent.Of(floats, 1));
        Assert.Equal(FedContent.Of(bytes, 1), FedContent.Of(floats, 0));
        Assert.Equal(FedContent.Of(bytes, 0), FedContent.Of(doubles, 0));
        Assert.NotEqual(FedContent.Of(bytes, 0), FedContent.Of(bytes, 1));
    }

    [Fact]
    public void The_sign_of_zero_makes_no_difference()
    {
        using var zeros = Open(_folder.Write("z.npy", NpyBytes.Of([2, 2], 0f, 1f, -0f, 1f)));

        Assert.Equal(FedContent.Of(zeros, 0), FedContent.Of(zeros, 1));
    }

    [Theory]
    [InlineData(ElementType.Float, 4)]
    [InlineData(ElementType.Int64, 8)]
    public void The_place_in_a_batch_makes_no_difference(ElementType type, int size)
    {
        Array Values(params int[] values) => type == ElementType.Float ? Array.ConvertAll(values, v => (float)v) : Array.ConvertAll(values, v => (long)v);
        HostTensor[] batch = [new("x", type, [3, 2], Values(1, 2, 3, 4, 5, 6))];
        HostTensor[] alone = [new("x", type, [1, 2], Values(3, 4))];

        Assert.Equal(size, type.SizeInBytes());
        Assert.Equal(FedContent.Of(alone, 0, 1), FedContent.Of(batch, 1, 3));
        Assert.NotEqual(FedContent.Of(alone, 0, 1), FedContent.Of(batch, 2, 3));
    }

    [Fact]
    public void Shapes_and_inputs_are_part_of_it()
    {
        HostTensor[] wide = [new("x", ElementType.Float, [1, 4], new float[4])];
        HostTensor[] square = [new("x", ElementType.Float, [1, 2, 2], new float[4])];
        HostTensor[] other = [new("y", ElementType.Float, [1, 4], new float[4])];

        Assert.Equal(3, new[] { wide, square, other }.Select(feeds => FedContent.Of(feeds, 0, 1)).Distinct().Count());
    }

    private static FileSampleSource Open(string path) => FileSampleSource.Open([new(path)], [Input], TensorLayout.Nchw, Preprocessing.None);
}
