using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>Whether all samples prove the result, with models that are made for that alone.</summary>
internal sealed class FoldOptions
{
    private const int Most = 20;

    private readonly Option<string?> _folds = OptionFactory.Text(
        "--folds", "K", "For few samples: instead of holding some out, K models, each made on all folds but one, are judged on that one, and the result is made from all samples. Takes K runs more.");

    /// <summary>Declares the option.</summary>
    public void AddTo(Command command) => command.Options.Add(_folds);

    /// <summary>The number of folds; null: some samples are held out.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="clashes">Other options that say what proves the result, or that have seen the samples, with whether they were given.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011 or OCX9014.</exception>
    public int? Read(ParseResult parsed, params ReadOnlySpan<(string Option, bool IsGiven)> clashes)
    {
        if (parsed.GetValue(_folds) is not { } text)
        {
            return null;
        }

        var folds = OptionText.Whole("--folds", text, 2, Most);
        foreach (var (option, isGiven) in clashes)
        {
            if (isGiven)
            {
                throw Usage.Conflict($"--folds makes models of its own on parts of -d and judges them on the others, which does not go with {option}; leave one of them out.");
            }
        }

        return folds;
    }
}
