namespace OnnxCompress.Diagnostics;

/// <summary>A model, data, plan or environment that the tool cannot work with; carries the diagnostic to print.</summary>
public sealed class OnnxCompressException : Exception
{
    /// <summary>An error with its code.</summary>
    public OnnxCompressException(string code, string message, Exception? cause = null)
        : base(message, cause) => Diagnostic = new(code, Severity.Error, message);

    /// <summary>An error that was made out before.</summary>
    public OnnxCompressException(Diagnostic diagnostic)
        : base(diagnostic?.Message) => Diagnostic = diagnostic ?? throw new ArgumentNullException(nameof(diagnostic));

    /// <summary>What to print.</summary>
    public Diagnostic Diagnostic { get; }
}
