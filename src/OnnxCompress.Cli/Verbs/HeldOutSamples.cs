using System.Globalization;
using OnnxCompress.Calibration;
using OnnxCompress.Samples;
using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Verbs;

/// <summary>Chooses the samples that prove a result: none that something was made from, and copies count once.</summary>
/// <param name="settings">What was asked for.</param>
/// <param name="talk">Where to talk.</param>
internal sealed class HeldOutSamples(CompressSettings settings, Talk talk)
{
    // Below this even full agreement proves less than 99%.
    private const int Few = 300;

    /// <summary>The samples.</summary>
    /// <param name="source">The calibration data, or made-up samples.</param>
    /// <param name="split">Its parts.</param>
    /// <param name="verifyData">Separate data in place of the held-out part; null for none.</param>
    /// <param name="statistics">Statistics in place of calibration data; null for none.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="OnnxCompressException">OCX3020: there are none; OCX7007: too few for the guard; OCX7009: some of the separate
    /// data were calibrated on.</exception>
    public Evidence Choose(
        ISampleSource source, SampleSplit split, FileSampleSource? verifyData, CalibrationStatistics? statistics, CancellationToken cancellation)
    {
        var candidates = verifyData ?? (ISampleSource)new SubsetSampleSource(source, split.Guard);
        // Of made-up samples nothing is proven.
        var used = candidates.Count == 0 || source is RandomSampleSource ? [] : Used(source, split, cancellation);
        var (unseen, different) = (new List<int>(), new HashSet<UInt128>());
        for (var index = 0; index < candidates.Count; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            var content = FedContent.Of(candidates, index);
            if (!used.Contains(content) && statistics?.HasSeen(content) != true)
            {
                unseen.Add(index);
                different.Add(content);
            }
        }

        CheckSeen(candidates.Count - unseen.Count, candidates.Count, isSeparate: verifyData is not null);
        var samples = unseen.Count == candidates.Count ? candidates : new SubsetSampleSource(candidates, unseen);
        CheckCount(different.Count);
        return new(samples, different.Count);
    }

    /// <summary>All samples, where models that have not seen them answer in folds.</summary>
    /// <param name="source">The calibration data.</param>
    /// <param name="folds">How many folds.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="OnnxCompressException">OCX7007: too few for the folds or the guard.</exception>
    public Evidence All(ISampleSource source, int folds, CancellationToken cancellation)
    {
        var different = new HashSet<UInt128>();
        for (var index = 0; index < source.Count; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            different.Add(FedContent.Of(source, index));
        }

        if (different.Count < CrossFit.Least(folds))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.GuardTooSmall,
                string.Create(CultureInfo.InvariantCulture, $"--folds {folds} needs at least {CrossFit.Least(folds)} different samples, and there are {different.Count}: give more data, or fewer folds."));
        }

        CheckCount(different.Count);
        return new(source, different.Count);
    }

    /// <summary>Where the samples prove little.</summary>
    public IEnumerable<Diagnostic> Warnings(Evidence evidence, VerificationResult? verification) =>
        new[] { OfFew(evidence), OneDecision.Warning(verification) }.OfType<Diagnostic>();

    /// <summary>What plans were made from or compared on.</summary>
    private static HashSet<UInt128> Used(ISampleSource source, SampleSplit split, CancellationToken cancellation)
    {
        var used = new HashSet<UInt128>();
        foreach (var index in split.Statistics.Concat(split.Validation))
        {
            cancellation.ThrowIfCancellationRequested();
            used.Add(FedContent.Of(source, index));
        }

        return used;
    }

    private void CheckSeen(int seen, int all, bool isSeparate)
    {
        if (seen == 0)
        {
            return;
        }

        if (isSeparate)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.GuardSeen,
                $"{seen} of the {all} samples of --verify-data were calibrated on, by what the model is fed, and prove nothing; take them out, or hold samples of -d out with --holdout.");
        }

        talk.Warn(DiagnosticCodes.SamplesRepeated, $"{seen} of {all} held-out samples were calibrated on and are left out of the proof.");
    }

    private void CheckCount(int different)
    {
        // A judge has samples of its own.
        var guard = settings.Judge is null ? settings.Guard : settings.Guard with { MinimumAgreement = null };
        if (different == 0 && guard.IsSet)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DataEmpty,
                settings.Data.Files.Count == 0
                    ? "The guard has no samples, as there are no data: give --data or --verify-data, or leave the guard out and nothing is verified."
                    : "The guard has no samples: give more data, a larger --holdout, or --verify-data.");
        }

        if (AgreementSamples.TooFew(guard.Promised, different) is not { } refusal)
        {
            return;
        }

        refusal = CanFold ? refusal with { Message = $"{refusal.Message} With --folds 5 all samples of -d prove the result." } : refusal;
        if (!settings.Force)
        {
            throw new OnnxCompressException(refusal);
        }

        talk.Say(refusal with { Severity = Severity.Warning });
    }

    private Diagnostic? OfFew(Evidence evidence)
    {
        if (evidence.Different == 0)
        {
            return settings.Options.IsDataFree
                ? Warning(
                    DiagnosticCodes.NoData,
                    "There are no data: only weights were looked at, and nothing was verified on real inputs. Predicted errors assume white inputs; drift is that on random ones.")
                : Warning(DiagnosticCodes.FewGuardSamples, "No samples are held out: nothing was verified about the result.");
        }

        var few = settings is { Guard.Promised: { } promised, Judge: null } ? AgreementSamples.OutOfReach(promised, evidence.Different)
            : evidence.Different < Few ? new(DiagnosticCodes.FewGuardSamples, Severity.Information, Proven(evidence))
            : null;
        return few is null || !CanFold ? few : few with { Message = $"{few.Message} --folds 5 proves on all samples of -d instead, with models that are made on parts of them: six times the work." };
    }

    // Where part of the data is held out, all of them could prove.
    private bool CanFold => settings is { Folds: null, VerifyData: null, Statistics: null, Judge: null, Options.Plan: null, Data.Files.Count: > 0 };

    private string Proven(Evidence evidence)
    {
        var counted = settings.Folds is not null ? string.Create(CultureInfo.InvariantCulture, $"Only {evidence.Different} samples differ")
            : evidence.Different == evidence.Samples.Count
            ? string.Create(CultureInfo.InvariantCulture, $"Only {evidence.Different} samples are held out")
            : string.Create(CultureInfo.InvariantCulture, $"Only {evidence.Different} of the {evidence.Samples.Count} held-out samples differ");
        return $"{counted}: even if all of them agree, that proves no more than {Figures.FinePercent(BinomialBound.Lower95(evidence.Different, evidence.Different))}.";
    }

    private static Diagnostic Warning(string code, string message) => new(code, Severity.Warning, message);

    /// <summary>What proves a result.</summary>
    /// <param name="Samples">The samples.</param>
    /// <param name="Different">How many of them differ.</param>
    internal sealed record Evidence(ISampleSource Samples, int Different);
}
