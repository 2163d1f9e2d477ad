using OnnxCompress.Diagnostics;

namespace OnnxCompress.Samples;

/// <summary>Says of a failure that the sample was made up: then it may be the sample's fault and not the model's.</summary>
internal static class MadeUpFailure
{
    private const string Hint = " The sample was made up, and may be none that the model takes: give real ones with -d, or other sizes with --shape.";

    /// <summary>Runs work on samples.</summary>
    /// <param name="samples">What it runs on.</param>
    /// <param name="work">The work.</param>
    /// <exception cref="OnnxCompressException">As the work's; with a hint where made-up samples failed to run or gave NaN.</exception>
    public static T Explain<T>(ISampleSource samples, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (OnnxCompressException failure) when (samples is RandomSampleSource
            && failure.Diagnostic.Code is DiagnosticCodes.RunFailed or DiagnosticCodes.OutputNotFinite or DiagnosticCodes.ActivationsNotFinite
            && !failure.Message.EndsWith(Hint, StringComparison.Ordinal))
        {
            throw new OnnxCompressException(failure.Diagnostic.Code, failure.Message + Hint, failure);
        }
    }
}
