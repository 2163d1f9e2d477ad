using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>The user's own measure of a model.</summary>
internal sealed class JudgeOptions
{
    private const int DefaultSeconds = 600;

    private readonly Option<string?> _judge = OptionFactory.Text(
        "--judge", "COMMAND", "A program that is started with MODEL and a candidate as its last arguments and prints a score, 1 for as good as MODEL: one JSON number, or an object with \"score\". Plans are compared by it, and --min-agreement holds for it. No shell is used.");

    private readonly Option<string?> _seconds = OptionFactory.Text("--judge-time", "SECONDS", "How long a run of --judge may take. Default: 600.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_judge);
        command.Options.Add(_seconds);
    }

    /// <summary>Reads the options.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The original's path.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011 or OCX9014.</exception>
    public JudgeCommand? Read(ParseResult parsed, string model)
    {
        var text = parsed.GetValue(_judge);
        var seconds = parsed.GetValue(_seconds);
        if (text is null)
        {
            return seconds is null ? null : throw Usage.Conflict("--judge-time bounds --judge, which is missing.");
        }

        var words = Words(text) ?? throw Usage.Invalid("--judge", text, "a program and its arguments; what holds spaces stands between quotes");
        if (Path.GetExtension(words[0]).ToLowerInvariant() is ".cmd" or ".bat")
        {
            // Windows runs these through its shell, which reads arguments once more.
            throw Usage.Invalid("--judge", text, "a program, not a batch file; name the interpreter and its script");
        }

        var limit = TimeSpan.FromSeconds(seconds is null ? DefaultSeconds : OptionText.Whole("--judge-time", seconds, 1, 7 * 24 * 3600));
        return new(words, limit, Path.GetFullPath(model));
    }

    /// <summary>A command line's words: spaces part them but between quotes. Nothing else has a meaning.</summary>
    /// <returns>Null when there are none, or a quote stays open.</returns>
    internal static IReadOnlyList<string>? Words(string text)
    {
        var (words, word, isWord) = (new List<string>(), new System.Text.StringBuilder(), false);
        char? quote = null;
        foreach (var c in text)
        {
            if (quote == c)
            {
                quote = null;
            }
            else if (quote is null && c is '"' or '\'')
            {
                (quote, isWord) = (c, true);
            }
            else if (quote is null && char.IsWhiteSpace(c))
            {
                Finish();
            }
            else
            {
                word.Append(c);
                isWord = true;
            }
        }

        Finish();
        return quote is null && words.Count > 0 && words[0].Length > 0 ? words : null;

        void Finish()
        {
            if (isWord)
            {
                words.Add(word.ToString());
            }

            word.Clear();
            isWord = false;
        }
    }
}
