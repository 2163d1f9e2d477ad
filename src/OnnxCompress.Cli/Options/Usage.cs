using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Options;

/// <summary>Wrong command lines.</summary>
internal static class Usage
{
    /// <summary>An option's value that cannot be read, or is out of range.</summary>
    public static OnnxCompressException Invalid(string option, string value, string wanted) =>
        new(DiagnosticCodes.OptionInvalid, $"{option} is '{value}'; it must be {wanted}.");

    /// <summary>Something needed that was not given.</summary>
    public static OnnxCompressException Missing(string message) => new(DiagnosticCodes.ArgumentMissing, message);

    /// <summary>Options that do not go together.</summary>
    public static OnnxCompressException Conflict(string message) => new(DiagnosticCodes.OptionsConflict, message);
}
