using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli;

/// <summary>What the process returns: scripts branch on these.</summary>
internal static class ExitCodes
{
    /// <summary>All done.</summary>
    public const int Done = 0;

    /// <summary>A bad model, bad data or a bad environment.</summary>
    public const int Unusable = 1;

    /// <summary>A wrong command line.</summary>
    public const int Usage = 2;

    /// <summary>Guard or budget not met, or nothing better than the original found.</summary>
    public const int NotMet = 3;

    /// <summary>A defect of the tool.</summary>
    public const int Internal = 70;

    /// <summary>The output cannot be written.</summary>
    public const int CannotWrite = 73;

    /// <summary>Cancelled by the user.</summary>
    public const int Cancelled = 130;

    /// <summary>The exit code that goes with a diagnostic's code.</summary>
    public static int For(string code) => code switch
    {
        DiagnosticCodes.GuardNotMet or DiagnosticCodes.AgreementLost or DiagnosticCodes.OutputNotFinite or DiagnosticCodes.ResultNotSmaller => NotMet,
        DiagnosticCodes.ArgumentUnknown or DiagnosticCodes.OptionInvalid or DiagnosticCodes.ArgumentMissing
            or DiagnosticCodes.OptionsConflict or DiagnosticCodes.ReportFormatUnknown => Usage,
        _ when code.StartsWith("OCX5", StringComparison.Ordinal) => NotMet,
        _ when code.StartsWith("OCX8", StringComparison.Ordinal) => CannotWrite,
        _ => Unusable,
    };
}
