using OnnxCompress.Samples;
using OnnxCompress.Samples.Images;
using OnnxCompress.Models;

namespace OnnxCompress.Fuzz.Targets;

/// <summary>A data file of one format, read sample by sample for a model's inputs.</summary>
/// <param name="extension">The format.</param>
/// <param name="make">Makes an input.</param>
/// <param name="inputs">What is fed.</param>
internal sealed class DataTarget(string extension, Func<Random, byte[]> make, params IReadOnlyList<TensorInfo> inputs) : FuzzTarget
{
    private const int MostSamples = 64;

    /// <inheritdoc />
    public override string Name => extension[1..];

    /// <inheritdoc />
    public override string Extension => extension;

    /// <inheritdoc />
    public override int Weight => 5;

    /// <summary>A picture may have 2^25 pixels, in few bytes where all are alike, and is held twice while it is turned.</summary>
    public override long MostBytes => PictureFormats.IsPicture(extension) ? 1L << 30 : base.MostBytes;

    /// <inheritdoc />
    public override byte[] Make(Random random) => make(random);

    /// <inheritdoc />
    public override void Run(byte[] input, string path, Random random, CancellationToken cancellation)
    {
        var preprocessing = new Preprocessing(random.Next(2) == 0 ? 1 : 0.004, random.Next(3) == 0 ? [0.5] : [], []);
        if (PictureFormats.IsPicture(extension) && random.Next(4) == 0)
        {
            preprocessing = preprocessing with { Resize = new(1 + random.Next(64)), ResizeFilter = (ResizeFilter)random.Next(3), Crop = new(1) };
        }

        using var source = FileSampleSource.Open(
            [new DataFile(path)], inputs, random.Next(2) == 0 ? TensorLayout.Nchw : TensorLayout.Nhwc, preprocessing);
        for (var index = 0; index < Math.Min(source.Count, MostSamples); index++)
        {
            _ = ((IHashedSamples)source).ContentHash(index);
            _ = source.Read([index]);
        }
    }
}
