using System.CommandLine;
using OnnxCompress.Samples;

namespace OnnxCompress.Cli.Options;

/// <summary>Which of the data are for statistics, and which are held out.</summary>
/// <param name="heldOut">What the held-out share is for, a sentence.</param>
internal sealed class SampleOptions(string heldOut)
{
    private const int DefaultSamples = 1024;

    private readonly Option<string?> _samples = OptionFactory.Text("--samples", "N", $"At most N samples for statistics, chosen by content. Default: {DefaultSamples}.");
    private readonly Option<string?> _holdout = OptionFactory.Text("--holdout", "SHARE", $"{heldOut} Default: 0.25, of {SampleSplit.Few} different samples or fewer 0.4.");

    private readonly Option<string?> _augment = OptionFactory.Text(
        "--augment", "LIST", "Statistics and weights are made from changed copies of pictures too: flip (left and right), crop (moved by up to an eighth). Default: none.", "flip", "crop");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_samples);
        command.Options.Add(_augment);
        command.Options.Add(_holdout);
    }

    /// <summary>Samples for statistics at most.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011.</exception>
    public int Samples(ParseResult parsed) => parsed.GetValue(_samples) is { } text ? OptionText.Whole("--samples", text, 1) : DefaultSamples;

    /// <summary>Copies of pictures.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011.</exception>
    public IReadOnlyList<Augmentation> Augmentations(ParseResult parsed) => parsed.GetValue(_augment) is not { } text ? []
        : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(word => OptionText.Word("--augment", word, ("flip", Augmentation.Flip), ("crop", Augmentation.Crop))).Distinct()];

    /// <summary>Whether the share was given.</summary>
    public bool SaysHoldout(ParseResult parsed) => parsed.GetValue(_holdout) is not null;

    /// <summary>The held-out share, in [0, <see cref="SampleSplit.MaximumGuardShare"/>]; null: by the number of samples.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011.</exception>
    public double? Holdout(ParseResult parsed)
    {
        if (parsed.GetValue(_holdout) is not { } text)
        {
            return null;
        }

        var share = OptionText.Number("--holdout", text);
        return share is >= 0 and <= SampleSplit.MaximumGuardShare ? share : throw Usage.Invalid("--holdout", text, "a share from 0 to 0.8");
    }
}
