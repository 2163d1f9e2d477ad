using System.CommandLine;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Options;

/// <summary>What counts as a decision.</summary>
internal sealed class DecisionOptions
{
    private readonly Option<string?> _decision = OptionFactory.Text(
        "--decision",
        "argmax|threshold=T|none",
        "What a decision is. One output column means a threshold of 0, or 0.5 after Sigmoid. Default: argmax on the first output.",
        "argmax",
        "none");

    private readonly Option<string?> _output = OptionFactory.Text("--output", "NAME", "The output that decides. Default: the first.");
    private readonly Option<string?> _axis = OptionFactory.Text(
        "--axis", "N", "The axis that classes lie on. Default: 1 for outputs with four axes or more, else the last.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_decision);
        command.Options.Add(_output);
        command.Options.Add(_axis);
    }

    /// <summary>Reads the options.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011 or OCX9014.</exception>
    public DecisionRule Read(ParseResult parsed)
    {
        var text = parsed.GetValue(_decision) ?? "argmax";
        var output = parsed.GetValue(_output);
        int? axis = parsed.GetValue(_axis) is { } number ? OptionText.Whole("--axis", number, -16, 16) : null;
        if (text.StartsWith("threshold=", StringComparison.Ordinal))
        {
            return new(DecisionKind.Threshold, output, axis, OptionText.Number("--decision threshold", text["threshold=".Length..]));
        }

        return text switch
        {
            "argmax" => new(DecisionKind.ArgMax, output, axis),
            "none" when output is null && axis is null => new(DecisionKind.None),
            "none" => throw Usage.Conflict("--output and --axis say what decides; they do not go with --decision none."),
            _ => throw Usage.Invalid("--decision", text, "argmax, threshold=T or none"),
        };
    }
}
