namespace OnnxCompress.Cli.Verbs;

/// <summary>Which part of the pipeline a verb runs.</summary>
internal enum PipelinePart
{
    /// <summary>All of it.</summary>
    Compress,

    /// <summary>Up to the decision what stays.</summary>
    Plan,

    /// <summary>From a decision on.</summary>
    Apply,
}
