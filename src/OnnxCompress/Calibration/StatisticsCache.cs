using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration;

/// <summary>
/// Statistics of earlier runs in a folder, filed under what they depend on: the model, the places, the samples in their
/// order, what is done to them, and how many of them run together. Files carry their own hash; one that is damaged is as good as none.
/// </summary>
/// <param name="folder">The folder; need not exist.</param>
internal sealed class StatisticsCache(string folder)
{
    /// <summary>Files that were not used for longest are deleted beyond this.</summary>
    private const long MostBytes = 2L << 30;

    private const string Prefix = "statistics-";

    /// <summary>Tensors whose values are counted.</summary>
    public IReadOnlyList<string> Ranged { get; init; } = [];

    /// <summary>Rows of tables that stay, where not all do: ids without a row make other values.</summary>
    public string Rows { get; init; } = "";

    /// <summary>The statistics of an earlier run with the same inputs, or those that <paramref name="collect"/> collects now.</summary>
    /// <param name="model">The model.</param>
    /// <param name="taps">Where statistics are taken.</param>
    /// <param name="samples">The data.</param>
    /// <param name="batchSize">Samples for each run.</param>
    /// <param name="mask">The input whose zeros mark positions that do not count; null for none.</param>
    /// <param name="collect">Collects them.</param>
    /// <param name="cancellation">Stops reading samples.</param>
    public CalibrationStatistics Get(
        OnnxModel model, IEnumerable<ChannelTap> taps, ISampleSource samples, int batchSize, string? mask, Func<CalibrationStatistics> collect, CancellationToken cancellation)
    {
        var path = Path.Combine(folder, $"{Prefix}{Key(model, taps, samples, batchSize, mask, cancellation)}.stats");
        if (Find(path, model) is { } found)
        {
            return found;
        }

        var statistics = collect();
        CachedFiles.Keep(path, Prefix, MostBytes, statistics.Save);
        return statistics;
    }

    private static CalibrationStatistics? Find(string path, OnnxModel model)
    {
        try
        {
            if (File.Exists(path) && CalibrationStatistics.Load(path) is var found && found.ModelSha256 == model.SourceSha256)
            {
                File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
                return found;
            }
        }
        catch (Exception e) when (e is OnnxCompressException or IOException or UnauthorizedAccessException)
        {
            // What cannot be read is collected again, and takes the place of the file.
        }

        return null;
    }

    private string Key(OnnxModel model, IEnumerable<ChannelTap> taps, ISampleSource samples, int batchSize, string? mask, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{model.SourceSha256}\n{batchSize}\n{SampleContent.Preparation(samples)}\n{mask}\n{Rows}");
        foreach (var tap in taps)
        {
            text.Append(CultureInfo.InvariantCulture, $"{tap.Key} {string.Join(',', tap.Positions)}\n");
        }

        foreach (var tensor in Ranged)
        {
            text.Append(CultureInfo.InvariantCulture, $"range {tensor}\n");
        }

        for (var index = 0; index < samples.Count; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            text.Append(CultureInfo.InvariantCulture, $"{SampleContent.Content(samples, index):x16}\n");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }
}
