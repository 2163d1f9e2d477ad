using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Options;

/// <summary>The first thing that is wrong with a command line, in one sentence with a suggestion.</summary>
internal static class ParseErrors
{
    /// <summary>The first error, or null.</summary>
    public static Diagnostic? First(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var unknown = UnknownWord(parsed);
        if (unknown is null && parsed.Errors.Count == 0)
        {
            return null;
        }

        if (unknown is not null)
        {
            return Unknown(unknown, command);
        }

        if (command is RootCommand)
        {
            return Error(DiagnosticCodes.ArgumentMissing, $"A verb is missing: {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}. See --help.");
        }

        var missing = command.Arguments.FirstOrDefault(argument => parsed.GetResult(argument) is not { Tokens.Count: > 0 });
        return missing is not null
            ? Error(DiagnosticCodes.ArgumentMissing, $"{missing.Name} is missing: onnx-compress {command.Name} {Arguments(command)} ... See {command.Name} --help.")
            : OfOption(parsed);
    }

    private static Diagnostic OfOption(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var required = command.Options.FirstOrDefault(option => option.Required && parsed.GetResult(option) is not { IdentifierTokenCount: > 0 });
        if (required is not null)
        {
            return Error(DiagnosticCodes.ArgumentMissing, $"{required.Name} is missing. See {command.Name} --help.");
        }

        var (symbol, error) = (parsed.Errors[0].SymbolResult, parsed.Errors[0]);
        return symbol is OptionResult { Tokens.Count: 0 } bare
            ? Error(DiagnosticCodes.ArgumentMissing, $"{bare.Option.Name} needs a value.")
            : symbol is OptionResult { Tokens.Count: > 1 } repeated
                ? Error(DiagnosticCodes.OptionsConflict, $"{repeated.Option.Name} is given {repeated.Tokens.Count} times; once is right.")
                : Error(DiagnosticCodes.OptionInvalid, error.Message.ReplaceLineEndings(" "));
    }

    // The parser hands an option that it does not know to an argument that is still free, and then misses room for the next word.
    private static string? UnknownWord(ParseResult parsed) =>
        parsed.CommandResult.Command.Arguments
            .SelectMany(argument => parsed.GetResult(argument)?.Tokens.Select(token => token.Value) ?? [])
            .Concat(parsed.UnmatchedTokens)
            .FirstOrDefault(word => word.Length > 1 && word[0] == '-')
        ?? (parsed.UnmatchedTokens.Count > 0 ? parsed.UnmatchedTokens[0] : null);

    private static Diagnostic Unknown(string word, Command command)
    {
        var isOption = word.StartsWith('-');
        if (!isOption && command is not RootCommand)
        {
            return Error(DiagnosticCodes.ArgumentUnknown, $"'{word}' is one argument too many: onnx-compress {command.Name} {Arguments(command)} ...");
        }

        var known = isOption
            ? command.Options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Append(option.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal))
            : command.Subcommands.Select(verb => verb.Name);
        var nearest = Suggestion.Nearest(word.Split('=', ':')[0], known);
        var help = command is RootCommand ? "See --help." : $"See {command.Name} --help.";
        return Error(
            DiagnosticCodes.ArgumentUnknown,
            $"'{word}' is not {(isOption ? "an option" : "a verb")}{(command is RootCommand ? "" : $" of {command.Name}")}. "
            + (nearest is null ? help : $"Did you mean '{nearest}'?"));
    }

    private static string Arguments(Command command) => string.Join(' ', command.Arguments.Select(argument => argument.Name));

    private static Diagnostic Error(string code, string message) => new(code, Severity.Error, message);
}
