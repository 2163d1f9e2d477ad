namespace OnnxCompress.Diagnostics;

/// <summary>How much a diagnostic matters to the person who reads it.</summary>
public enum Severity
{
    /// <summary>Worth knowing; nothing to do.</summary>
    Information,

    /// <summary>The run went on, but the result may not be what was wanted.</summary>
    Warning,

    /// <summary>The run stopped.</summary>
    Error,
}
