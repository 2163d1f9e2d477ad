using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Tests.Samples;

public sealed class AugmentedSamplesTests
{
    [Fact]
    public void Each_sample_is_followed_by_a_copy_for_each_change_and_stays_itself()
    {
        var source = new Pictures([2, 1, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

        var augmented = AugmentedSamples.Of(source, [Augmentation.Flip]);

        Assert.Equal(4, augmented.Count);
        Assert.Equal([1, 2, 3, 4, 5, 6], Values(augmented.Read([0])));
        Assert.Equal([3, 2, 1, 6, 5, 4, 7, 8, 9, 10, 11, 12], Values(augmented.Read([2, 1])));
        Assert.Equal([1, 2, 3, 4, 5, 6], Values(source.Read([0])));
    }

    [Fact]
    public void Colours_that_lie_in_the_pixel_stay_together()
    {
        var source = new Pictures([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]) { Layout = [1, 2, 2, 4] };

        Assert.Equal([5, 6, 7, 8, 1, 2, 3, 4, 13, 14, 15, 16, 9, 10, 11, 12], Values(AugmentedSamples.Of(source, [Augmentation.Flip]).Read([1])));
    }

    [Theory]
    [InlineData(1, 0, new float[] { 1, 2, 3, 1, 2, 3, 4, 5, 6 })]
    [InlineData(-1, 0, new float[] { 4, 5, 6, 7, 8, 9, 7, 8, 9 })]
    [InlineData(0, 1, new float[] { 1, 1, 2, 4, 4, 5, 7, 7, 8 })]
    [InlineData(0, -1, new float[] { 2, 3, 3, 5, 6, 6, 8, 9, 9 })]
    [InlineData(2, -2, new float[] { 3, 3, 3, 3, 3, 3, 3, 3, 3 })]
    [InlineData(0, 0, new float[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 })]
    public void What_comes_from_beyond_an_edge_is_the_edge(int down, int right, float[] moved)
    {
        float[] values = [1, 2, 3, 4, 5, 6, 7, 8, 9];

        new ChangedPictures(1, 3, 3, sizeof(float)).Move(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()), down, right);

        Assert.Equal(moved, values);
    }

    [Fact]
    public void Copies_are_moved_by_content_and_not_by_their_place()
    {
        var random = new Random(5);
        var one = Enumerable.Range(0, 256).Select(_ => random.NextSingle()).ToArray();
        var other = Enumerable.Range(0, 256).Select(_ => random.NextSingle()).ToArray();

        var first = AugmentedSamples.Of(new Pictures([2, 1, 16, 16], [.. one, .. other]), [Augmentation.Crop]);
        var second = AugmentedSamples.Of(new Pictures([2, 1, 16, 16], [.. other, .. one]), [Augmentation.Crop]);

        Assert.Equal(Values(first.Read([2])), Values(second.Read([3])));
        Assert.NotEqual(Values(first.Read([0])), Values(first.Read([2])));
        Assert.NotEqual(SampleContent.Hash(first, 0, 0), SampleContent.Hash(first, 2, 0));
    }

    [Theory]
    [InlineData(2L, 8L)]
    [InlineData(2L, 2L, 2L, 2L)]
    public void Where_nothing_is_a_picture_that_is_said(params long[] dims)
    {
        var source = new Pictures(dims, new float[16]);

        Assert.Equal(DiagnosticCodes.NothingToAugment, Assert.Throws<OnnxCompressException>(() => AugmentedSamples.Of(source, [Augmentation.Flip])).Diagnostic.Code);
        Assert.Same(source, AugmentedSamples.Of(source, []));
    }

    private static float[] Values(IReadOnlyList<HostTensor> read) => [.. ((float[])read.Single().Values).Take((int)read[0].Count)];

    private sealed class Pictures(long[] dims, float[] values) : ISampleSource
    {
        // Of one picture with other axes: its values are counted.
        public long[]? Layout { get; init; }

        public int Count => (int)dims[0];

        public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
        {
            if (Layout is not null)
            {
                return [new("x", ElementType.Float, Layout, Enumerable.Range(1, (int)Layout.Aggregate(1L, (p, d) => p * d)).Select(i => (float)i).ToArray())];
            }

            var size = values.Length / Count;
            return [new("x", ElementType.Float, [indices.Length, .. dims[1..]], indices.ToArray().SelectMany(i => values.Skip(i * size).Take(size)).ToArray())];
        }
    }
}
