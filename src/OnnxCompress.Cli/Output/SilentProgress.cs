using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Output;

/// <summary>Says nothing.</summary>
internal sealed class SilentProgress : IProgress<ProgressUpdate>
{
    /// <inheritdoc />
    public void Report(ProgressUpdate value)
    {
    }
}
