using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>What the result must keep on held-out samples.</summary>
internal sealed class GuardOptions
{
    private readonly Option<string?> _minAgreement = OptionFactory.Text(
        "--min-agreement", "P", "Guard: fail when fewer than this share of held-out decisions stay the same.");

    private readonly Option<string?> _dataKind = OptionFactory.Text(
        "--data-kind",
        "trained|unseen",
        "Whether the network was trained on data like the samples. Then they are clearer than those to come, and --min-agreement holds for the cautious figure too. Default: trained; unseen for verify.",
        "trained",
        "unseen");

    private readonly Option<string?> _maxError = OptionFactory.Text(
        "--max-error", "R", "Guard with --decision none or regression: fail when an output's relative error is larger. Default there: 0.02.");

    private readonly Option<string?> _maxAccuracyDrop = OptionFactory.Text(
        "--max-accuracy-drop", "P", "Guard with --labels: fail when the accuracy falls by more, a share or percent of the samples, for instance 0.5%.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_minAgreement);
        command.Options.Add(_maxError);
        command.Options.Add(_dataKind);
        command.Options.Add(_maxAccuracyDrop);
    }

    /// <summary>Reads the options; with no decisions there is always a guard.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011 or OCX9014.</exception>
    public Guard Read(ParseResult parsed, DecisionChoice decision)
    {
        var guard = ReadExplicit(parsed, decision) with { IsUnseen = Kind(parsed, otherwise: "trained") };
        return decision.IsDriftOnly && guard.MaximumError is null ? guard with { MaximumError = Guard.DefaultMaximumError } : guard;
    }

    /// <summary>Reads the options for samples that are compared as they are; nothing is asked for that was not said.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011 or OCX9014.</exception>
    public Guard ReadExplicit(ParseResult parsed, DecisionChoice decision)
    {
        var agreement = ReadAgreement(parsed);
        double? error = parsed.GetValue(_maxError) is { } text ? OptionText.Number("--max-error", text) : null;
        if (agreement is not null && decision.IsDriftOnly)
        {
            throw Usage.Conflict("--min-agreement needs decisions; with --decision none or regression the guard is --max-error.");
        }

        return error is null || decision.HasDrift
            ? new(agreement, error) { IsUnseen = Kind(parsed, otherwise: "unseen"), MaximumAccuracyDrop = ReadDrop(parsed) }
            : throw Usage.Conflict("--max-error is the guard of --decision none and regression; with decisions it is --min-agreement.");
    }

    /// <summary>Whether a guard holds the accuracy, which needs labels.</summary>
    public bool NeedsLabels(ParseResult parsed) => parsed.GetValue(_maxAccuracyDrop) is not null;

    private double? ReadDrop(ParseResult parsed)
    {
        const string Option = "--max-accuracy-drop";
        if (parsed.GetValue(_maxAccuracyDrop) is not { } text)
        {
            return null;
        }

        var share = text.EndsWith('%') ? OptionText.Number(Option, text[..^1]) / 100 : OptionText.Number(Option, text);
        return share is >= 0 and <= 1 ? share : throw Usage.Invalid(Option, text, "a share from 0 to 1 or a percentage, for instance 0.5%");
    }

    private bool Kind(ParseResult parsed, string otherwise) =>
        OptionText.Word("--data-kind", parsed.GetValue(_dataKind) ?? otherwise, ("trained", false), ("unseen", true));

    /// <summary>0 is allowed: whatever the agreement is, the result is wanted.</summary>
    private double? ReadAgreement(ParseResult parsed)
    {
        const string Option = "--min-agreement";
        if (parsed.GetValue(_minAgreement) is not { } text)
        {
            return null;
        }

        var share = OptionText.Number(Option, text);
        return share is >= 0 and <= 1 ? share : throw Usage.Invalid(Option, text, "a share from 0 to 1, for instance 0.98");
    }
}
