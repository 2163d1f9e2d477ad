namespace OnnxCompress.Cli.Output;

/// <summary>How much is said on stderr.</summary>
internal enum Verbosity
{
    /// <summary>Warnings and errors.</summary>
    Quiet,

    /// <summary>Progress too.</summary>
    Normal,

    /// <summary>Everything.</summary>
    Verbose,
}
