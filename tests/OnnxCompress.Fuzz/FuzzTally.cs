using System.Text.Json;

namespace OnnxCompress.Fuzz;

/// <summary>How often what happened.</summary>
internal sealed class FuzzTally
{
    /// <summary>Inputs.</summary>
    public long Count { get; set; }

    /// <summary>Inputs by target.</summary>
    public SortedDictionary<string, long> Targets { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Refusals by code; an empty code for inputs that were taken.</summary>
    public SortedDictionary<string, long> Codes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The longest processor time of one input, in seconds.</summary>
    public double LongestSeconds { get; set; }

    /// <summary>The most managed memory that one input made the tool allocate.</summary>
    public long MostBytes { get; set; }

    /// <summary>Adds one input.</summary>
    public void Add(FuzzOutcome outcome)
    {
        Count++;
        Targets[outcome.Target] = Targets.GetValueOrDefault(outcome.Target) + 1;
        Codes[outcome.Refused] = Codes.GetValueOrDefault(outcome.Refused) + 1;
        LongestSeconds = Math.Max(LongestSeconds, outcome.Time.TotalSeconds);
        MostBytes = Math.Max(MostBytes, outcome.Bytes);
    }

    /// <summary>Adds another tally.</summary>
    public void Add(FuzzTally other)
    {
        Count += other.Count;
        foreach (var (target, count) in other.Targets)
        {
            Targets[target] = Targets.GetValueOrDefault(target) + count;
        }

        foreach (var (code, count) in other.Codes)
        {
            Codes[code] = Codes.GetValueOrDefault(code) + count;
        }

        LongestSeconds = Math.Max(LongestSeconds, other.LongestSeconds);
        MostBytes = Math.Max(MostBytes, other.MostBytes);
    }

    /// <summary>One line that <see cref="Parse"/> reads.</summary>
    public string Serialize() => JsonSerializer.Serialize(this);

    /// <summary>Reads what another process wrote.</summary>
    public static FuzzTally Parse(string text) => JsonSerializer.Deserialize<FuzzTally>(text)!;

    /// <inheritdoc />
    public override string ToString() => FormattableString.Invariant(
        $"{Count} inputs ({string.Join(", ", Targets.Select(t => $"{t.Key} {t.Value}"))}); taken {Codes.GetValueOrDefault("")}, refused {string.Join(", ", Codes.Where(c => c.Key.Length > 0).Select(c => $"{c.Key} {c.Value}"))}; longest {LongestSeconds:F1} s, most allocated {MostBytes >> 20} MB");
}
