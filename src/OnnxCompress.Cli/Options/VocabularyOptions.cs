using System.CommandLine;
using System.Globalization;
using OnnxCompress.Vocabularies;

namespace OnnxCompress.Cli.Options;

/// <summary>Which rows of looked-up tables stay.</summary>
internal sealed class VocabularyOptions
{
    private const string Used = "used";

    private readonly Option<string?> _vocabulary = OptionFactory.Text(
        "--vocabulary", "used|FILE", "Of tables that are looked up with fed ids, only rows stay that the samples for statistics use, or that the ids in FILE, one a line, lead to. Default: all.", Used);

    private readonly Option<string?> _unknown = OptionFactory.Text(
        "--unknown-id", "N", "With --vocabulary: every id without a row gets that of N, which stays. Default: the row that stays nearest to the mean of those that go.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_vocabulary);
        command.Options.Add(_unknown);
    }

    /// <summary>The file that is read; null for none.</summary>
    public string? File(ParseResult parsed) => parsed.GetValue(_vocabulary) is { } text && text != Used ? text : null;

    /// <summary>What was asked for; null where nothing was.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="hasPlan">Whether a plan says which rows stay.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX3031, OCX9011; OCX9014: something else says which rows stay.</exception>
    public VocabularyRequest? Read(ParseResult parsed, bool hasPlan)
    {
        var (text, unknown) = (parsed.GetValue(_vocabulary), parsed.GetValue(_unknown));
        if (text is null)
        {
            return unknown is null ? null : throw Usage.Conflict("--unknown-id stands in for ids whose rows go; add --vocabulary used or --vocabulary FILE.");
        }

        if (hasPlan)
        {
            throw Usage.Conflict("The plan says which rows of tables stay; leave --vocabulary out.");
        }

        return (text == Used ? VocabularyRequest.Used : VocabularyRequest.Load(text)) with
        {
            UnknownId = unknown is null ? null
                : long.TryParse(unknown, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id) ? id
                : throw Usage.Invalid("--unknown-id", unknown, "an id, a whole number"),
        };
    }
}
