using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Selection;

/// <summary>
/// Curves of earlier runs in a folder, filed under what they depend on: the model, its groups and layers, the content of the statistics,
/// and how curves are found. A file that is damaged, or does not go with the model, is as good as none.
/// </summary>
/// <param name="folder">The folder; need not exist.</param>
/// <param name="key">See <see cref="KeyOf"/>.</param>
internal sealed class CurveCache(string folder, string key)
{
    /// <summary>Files that were not used for longest are deleted beyond this.</summary>
    private const long MostBytes = 256L << 20;

    private const string Prefix = "curves-";

    private string FilePath => Path.Combine(folder, $"{Prefix}{key}.bin");

    /// <summary>What curves depend on; null for those that are more than a list of numbers, as the spectra that ALDS searches.</summary>
    /// <param name="model">The model that curves are of.</param>
    /// <param name="analysis">Its analysis.</param>
    /// <param name="statistics">Its statistics.</param>
    /// <param name="options">How curves are found.</param>
    public static string? KeyOf(OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics, SelectionOptions options)
    {
        if (options.Forms.Contains(SplitForm.Alds) && options.Methods.Contains(CompressionMethod.LowRank))
        {
            return null;
        }

        var text = new StringBuilder();
        // Another build of the tool may find other curves.
        text.Append(CultureInfo.InvariantCulture, $"{typeof(CurveCache).Module.ModuleVersionId}\n{model.SourceSha256}\n{StatisticsFile.ChecksumOf(statistics)}\n");
        text.Append(CultureInfo.InvariantCulture, $"{string.Join(',', options.Methods)}\n{options.Rule}\n{string.Join(',', options.Forms)}\n");
        text.Append(CultureInfo.InvariantCulture, $"{options.Alignment.Fixed},{options.Alignment.Measured},{options.Alignment.VectorWidth}\n");
        foreach (var group in analysis.Groups)
        {
            text.Append(CultureInfo.InvariantCulture, $"{group.Name} {group.Channels} {string.Concat(group.IsFree.Select(free => free ? '1' : '0'))}\n");
        }

        foreach (var layer in SplitSites.Find(analysis))
        {
            text.Append(CultureInfo.InvariantCulture, $"{layer.Node.Name} {layer.Weight}\n");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }

    /// <summary>The curves of an earlier run; null where there are none.</summary>
    /// <param name="analysis">What they must go with.</param>
    public KnownCurves? Find(ModelAnalysis analysis)
    {
        try
        {
            if (File.Exists(FilePath) && CurveFile.Read(FilePath, MostBytes) is { } found && Fits(found, analysis))
            {
                File.SetLastWriteTimeUtc(FilePath, DateTime.UtcNow);
                return found;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Diagnostics.OnnxCompressException)
        {
            // They are found again, and take the place of the file.
        }

        return null;
    }

    /// <summary>Keeps curves for the next run, where that is possible.</summary>
    public void Keep(KnownCurves curves) => CachedFiles.Keep(FilePath, Prefix, MostBytes, path => CurveFile.Write(path, curves));

    private static bool Fits(KnownCurves curves, ModelAnalysis analysis) =>
        (curves.Channels.Count == 0 || curves.Channels.Select(c => c.Order.Length).SequenceEqual(analysis.Groups.Select(g => g.Channels)))
        && curves.Channels.All(c => c.Errors.Length == c.Order.Length + 1 && c.Order.Order().SequenceEqual(Enumerable.Range(0, c.Order.Length)))
        && (curves.Splits.Count == 0 || curves.Splits.Count == SplitSites.Find(analysis).Count);
}
