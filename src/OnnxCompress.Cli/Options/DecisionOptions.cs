using System.CommandLine;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Options;

/// <summary>What counts as a decision.</summary>
internal sealed class DecisionOptions
{
    private const string Rules = "argmax, top5, threshold=T, multilabel, pixels, embedding, detection, ctc, tokens, regression or none";

    private readonly Option<string[]> _decision = OptionFactory.Repeatable(
        "--decision",
        "[NAME=]RULE",
        $"What a decision is, of the output NAME or the first: {Rules}. Default: by the output's shape, name and operator; the run says which.");

    private readonly Option<string?> _output = OptionFactory.Text("--output", "NAME", "The output that decides. Default: the first.");
    private readonly Option<string?> _axis = OptionFactory.Text(
        "--axis", "N", "The axis that classes lie on. Default: 1 for outputs with four axes or more, else the last.");

    private readonly Option<string?> _mask = OptionFactory.Text(
        "--mask", "NAME", "The input whose zeros mark positions that do not count. Default: the one with 'mask' in its name.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_decision);
        command.Options.Add(_output);
        command.Options.Add(_axis);
        command.Options.Add(_mask);
    }

    /// <summary>Reads the rules; none when the model is to say what its decisions are.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011 or OCX9014.</exception>
    public DecisionChoice Read(ParseResult parsed)
    {
        var texts = parsed.GetValue(_decision) ?? [];
        var output = parsed.GetValue(_output);
        int? axis = parsed.GetValue(_axis) is { } number ? OptionText.Whole("--axis", number, -16, 16) : null;
        DecisionRule[] rules = [.. texts.Select(text => Parse(text, output, axis))];
        if (rules.Length > 1 && rules.Any(rule => rule.Kind == DecisionKind.None))
        {
            throw Usage.Conflict("--decision none says that nothing decides; it does not go with another rule.");
        }

        if (rules.GroupBy(rule => rule.Output, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw Usage.Conflict($"Two rules are for {(twice.Key is null ? "the first output" : $"the output '{twice.Key}'")}; write --decision NAME=RULE for another.");
        }

        return new(rules, output, axis, parsed.GetValue(_mask));
    }

    private static DecisionRule Parse(string text, string? output, int? axis)
    {
        if (Rule(text, output, axis) is { } plain)
        {
            return plain.Kind == DecisionKind.None && (output is not null || axis is not null)
                ? throw Usage.Conflict("--output and --axis say what decides; they do not go with --decision none.")
                : plain;
        }

        // Names of outputs may hold an equals sign, rules hold one at most.
        for (var at = text.IndexOf('=', StringComparison.Ordinal); at > 0; at = text.IndexOf('=', at + 1))
        {
            if (Rule(text[(at + 1)..], text[..at], axis) is { } named)
            {
                return output is null ? named : throw Usage.Conflict("--output and --decision NAME=RULE both name the output; give one of them.");
            }
        }

        throw Usage.Invalid("--decision", text, Rules);
    }

    private static DecisionRule? Rule(string text, string? output, int? axis)
    {
        var (word, value) = text.Split('=', 2) is [var left, var right] ? (left, right) : (text, null);
        if (value is not null)
        {
            return word switch
            {
                "threshold" => new(DecisionKind.Threshold, output, axis, OptionText.Number("--decision threshold", value)),
                "multilabel" => new(DecisionKind.MultiLabel, output, axis, OptionText.Number("--decision multilabel", value)),
                "pixels" => new(DecisionKind.Pixels, output, axis, OptionText.Number("--decision pixels", value)),
                "ctc" => new(DecisionKind.Ctc, output, axis) { Blank = OptionText.Whole("--decision ctc", value, int.MinValue, int.MaxValue) },
                _ => null,
            };
        }

        return word switch
        {
            "argmax" => new(DecisionKind.ArgMax, output, axis),
            "top5" => new(DecisionKind.TopFive, output, axis),
            "multilabel" => new(DecisionKind.MultiLabel, output, axis),
            "pixels" => new(DecisionKind.Pixels, output, axis),
            "embedding" => new(DecisionKind.Embedding, output, axis),
            "detection" => new(DecisionKind.Detection, output, axis),
            "ctc" => new(DecisionKind.Ctc, output, axis),
            "tokens" => new(DecisionKind.Tokens, output, axis),
            "regression" => new(DecisionKind.Regression, output, axis),
            "none" => new(DecisionKind.None),
            _ => null,
        };
    }
}
