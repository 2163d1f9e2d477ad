using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Allocation;

/// <summary>What a plan was made with, and what came of it: so that a build can be held to it.</summary>
/// <param name="Tool">Version of this library.</param>
/// <param name="Runtime">Name and version of the runtime.</param>
/// <param name="Data">SHA-256 over the content of the calibration samples in their order; null without samples.</param>
/// <param name="Result">SHA-256 of the compressed model; null for one that is too large for a single message.</param>
public sealed record PlanOrigin(string Tool, string Runtime, string? Data, string? Result)
{
    /// <summary>The origin of a result.</summary>
    /// <param name="runtime">Where models ran.</param>
    /// <param name="samples">Calibration data; null for none.</param>
    /// <param name="result">The compressed model.</param>
    public static PlanOrigin Of(IModelRuntime runtime, ISampleSource? samples, OnnxModel result)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(result);
        var tool = typeof(PlanOrigin).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";
        return new(tool, runtime.Version, samples is null ? null : DataHash(samples), result.ContentHash());
    }

    /// <summary>In words, what differs from another origin; empty when the results are the same.</summary>
    public IReadOnlyList<string> DifferencesFrom(PlanOrigin present)
    {
        ArgumentNullException.ThrowIfNull(present);
        if (Result == present.Result && Data == present.Data)
        {
            return [];
        }

        var differences = new List<string>();
        void Compare(string what, string? before, string? now)
        {
            if (before != now)
            {
                differences.Add(what.Contains("samples", StringComparison.Ordinal) ? what : $"{what} was {before}, is {now}");
            }
        }

        Compare("the calibration samples differ", Data, present.Data);
        Compare("the tool", Tool, present.Tool);
        Compare("the runtime", Runtime, present.Runtime);
        if (differences.Count == 0)
        {
            differences.Add("an option or the kind of processor must differ");
        }

        return differences;
    }

    private static string DataHash(ISampleSource samples)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var index = 0; index < samples.Count; index++)
        {
            hash.AppendData(Encoding.ASCII.GetBytes(SampleContent.Content(samples, index).ToString("x16", CultureInfo.InvariantCulture)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
