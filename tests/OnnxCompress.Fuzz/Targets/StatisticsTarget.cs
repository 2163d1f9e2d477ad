using System.Security.Cryptography;
using OnnxCompress.Calibration;
using OnnxCompress.Fuzz.Mutations;

namespace OnnxCompress.Fuzz.Targets;

/// <summary>Statistics files: reading, adding up, and compressing by them. Most have a right checksum over wrong content.</summary>
/// <param name="sample">The model and sound statistics.</param>
internal sealed class StatisticsTarget(CompressedSample sample) : FuzzTarget
{
    /// <inheritdoc />
    public override string Name => "statistics";

    /// <inheritdoc />
    public override string Extension => ".stats";

    /// <inheritdoc />
    public override int Weight => 6;

    /// <inheritdoc />
    public override byte[] Make(Random random)
    {
        if (random.Next(8) == 0)
        {
            return RawBytes.Mutate(sample.Statistics, random);
        }

        var content = RawBytes.Mutate(sample.Statistics[..^SHA256.HashSizeInBytes], random);
        return [.. content, .. SHA256.HashData(content)];
    }

    /// <inheritdoc />
    public override void Run(byte[] input, string path, Random random, CancellationToken cancellation)
    {
        var statistics = CalibrationStatistics.Load(path);
        if (random.Next(2) == 0)
        {
            statistics.Add(CalibrationStatistics.Load(path));
        }

        if (statistics.ModelSha256 == sample.Model.SourceSha256)
        {
            sample.Use(statistics, cancellation);
        }
    }
}
