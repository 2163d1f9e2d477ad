using System.Diagnostics;
using OnnxCompress.Diagnostics;
using OnnxCompress.Fuzz.Targets;

namespace OnnxCompress.Fuzz;

/// <summary>Inputs by number: the same seed and number give the same input, whatever came before.</summary>
/// <param name="seed">Another seed, other inputs.</param>
/// <param name="only">Targets that are drawn; empty means all.</param>
internal sealed class Fuzzing(int seed, IReadOnlyCollection<string> only)
{
    /// <summary>Processor time that one input may take: small files, so a second would be long.</summary>
    public static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(10);

    private readonly FuzzTarget[] _targets = Create(only);

    /// <summary>The target and the bytes of an input.</summary>
    public (FuzzTarget Target, byte[] Input) Make(long number)
    {
        var random = new Random(Mix(number));
        var pick = random.Next(_targets.Sum(t => t.Weight));
        var target = _targets.First(t => (pick -= t.Weight) < 0);
        return (target, target.Make(random));
    }

    /// <summary>Runs an input.</summary>
    /// <param name="number">Which one.</param>
    /// <param name="folder">Where its file is put; cleared by the caller.</param>
    public FuzzOutcome Run(long number, string folder)
    {
        var (target, input) = Make(number);
        return Run(target, input, Mix(number) ^ 1, folder);
    }

    /// <summary>Runs given bytes.</summary>
    /// <param name="target">What reads them.</param>
    /// <param name="input">The bytes.</param>
    /// <param name="seed">Of the choices on the way.</param>
    /// <param name="folder">Where their file is put; cleared by the caller.</param>
    public static FuzzOutcome Run(FuzzTarget target, byte[] input, int seed, string folder)
    {
        var path = Path.Combine(folder, "input" + target.Extension);
        File.WriteAllBytes(path, input);
        var (allocated, processor) = (GC.GetTotalAllocatedBytes(), Process.GetCurrentProcess().TotalProcessorTime);
        // By the clock, and so generously that a busy machine does not look like a slow tool: processor time is what counts.
        using var cancellation = new CancellationTokenSource(6 * LongestTime);
        string? wrong = null;
        var refused = "";
        try
        {
            target.Run(input, path, new Random(seed), cancellation.Token);
        }
        catch (OnnxCompressException refusal)
        {
            refused = refusal.Diagnostic.Code;
        }
        catch (AggregateException several) when (several.Flatten().InnerExceptions.All(e => e is OnnxCompressException))
        {
            refused = ((OnnxCompressException)several.Flatten().InnerExceptions[0]).Diagnostic.Code;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            refused = "cancelled";
        }
#pragma warning disable CA1031 // Whatever else escapes is what is looked for.
        catch (Exception defect)
#pragma warning restore CA1031
        {
            wrong = defect.ToString();
        }

        var time = Process.GetCurrentProcess().TotalProcessorTime - processor;
        var bytes = GC.GetTotalAllocatedBytes() - allocated;
        wrong ??= time > LongestTime ? $"time: {time.TotalSeconds:F1} s" : bytes > target.MostBytes ? $"memory: {bytes >> 20} MB were allocated" : null;
        return new(target.Name, refused, wrong, time, bytes);
    }

    private static FuzzTarget[] Create(IReadOnlyCollection<string> only)
    {
        var sample = new CompressedSample();
        FuzzTarget[] all = [new ModelTarget(), .. DataCorpus.Create(), new PlanTarget(sample), new StatisticsTarget(sample)];
        FuzzTarget[] chosen = [.. all.Where(t => only.Count == 0 || only.Contains(t.Name))];
        return chosen.Length > 0 ? chosen : throw new ArgumentException($"The targets are {string.Join(", ", all.Select(t => t.Name))}.", nameof(only));
    }

    // Neighbouring numbers must not give neighbouring streams.
    private int Mix(long number)
    {
        var x = unchecked(((ulong)number * 0x9E3779B97F4A7C15) + ((ulong)(uint)seed * 0xBF58476D1CE4E5B9));
        x ^= x >> 31;
        x = unchecked(x * 0x94D049BB133111EB);
        return (int)(x >> 33);
    }
}
