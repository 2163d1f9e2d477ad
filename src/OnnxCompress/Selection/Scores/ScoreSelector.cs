using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;

namespace OnnxCompress.Selection.Scores;

/// <summary>Prices the width of queries and keys of every attention: what scores lose with the first directions of each head alone.</summary>
/// <param name="model">The model.</param>
/// <param name="analysis">Its analysis.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Factorises.</param>
/// <param name="options">Alignment.</param>
internal sealed class ScoreSelector(OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend, SelectionOptions options)
{
    /// <summary>One candidate for each attention of which there are statistics.</summary>
    public SiteCandidate[] Select(CancellationToken cancellation)
    {
        // Bases are of what layers read in the original: a stream that is turned in front of them would need them anew.
        ChannelGroup[] groups = analysis.Groups.Any(g => g.Stream is not null) ? [] : [.. analysis.Scores.Where(g => !(options.KeepsScoresInPieces && g.Scores!.IsInPieces))];
        var candidates = new SiteCandidate?[groups.Length];
        ParallelWork.For(candidates.Length, backend.Threads, i => candidates[i] = Price(groups[i]), cancellation);
        return [.. candidates.OfType<SiteCandidate>()];
    }

    private SiteCandidate? Price(ChannelGroup group)
    {
        var moments = new ScoreMoments(group.Scores!, model.Graph, analysis.Relations.Shapes, backend);
        if (moments.Find(statistics) is not var (queries, keys))
        {
            return null;
        }

        // With so few samples that one fold is empty, the fold that has rows judges itself.
        var isSplit = queries.Fit.Rows > 0 && keys.Fit.Rows > 0 && queries.Check.Rows > 0 && keys.Check.Rows > 0;
        var fit = isSplit ? moments.Of(queries.Fit, keys.Fit) : moments.Of(queries.Total(), keys.Total());
        var check = isSplit ? moments.Of(queries.Check, keys.Check) : fit;
        var losses = new double[group.Channels + 1];
        for (var head = 0; head < fit.Length; head++)
        {
            foreach (var (r, loss) in ScoreBasis.Of(fit[head], backend).Losses(check[head], backend).Index())
            {
                losses[r] += loss;
            }
        }

        var whole = check.Sum(h => h.Energy());
        var errors = Array.ConvertAll(losses, loss => whole > 0 ? Math.Min(1, Math.Sqrt(Math.Max(0, loss) / whole)) : 0);
        return new SiteCandidate(group, new ChannelCurve([.. Enumerable.Range(0, group.Channels)], errors, 0) { Method = CompressionMethod.LowRank }, options.Alignment);
    }
}
