using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Cli.Verbs;

/// <summary>
/// Puts the original in the result's place when nothing better is found, for builds that must ship a model. Its side files
/// get the result's name, as those of a result do: what the original calls them is never a name that is written.
/// </summary>
internal static class OriginalOtherwise
{
    /// <summary>Runs, and copies the original when the run ends with exit code 3.</summary>
    /// <returns>The exit code of the run.</returns>
    public static int Run(CompressSettings settings, Func<int> run)
    {
        try
        {
            var code = run();
            if (code == ExitCodes.NotMet)
            {
                Copy(settings);
            }

            return code;
        }
        catch (OnnxCompressException refused) when (ExitCodes.For(refused.Diagnostic.Code) == ExitCodes.NotMet)
        {
            Copy(settings);
            throw;
        }
    }

    private static void Copy(CompressSettings settings)
    {
        if (!FileIdentity.OfTarget(settings.Model).IsSameAs(FileIdentity.OfEntry(settings.Output)))
        {
            Outputs.Writing(settings.Output, () => OnnxModel.Copy(settings.Model, settings.Output, settings.Loading));
        }
    }
}
