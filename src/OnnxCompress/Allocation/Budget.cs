namespace OnnxCompress.Allocation;

/// <summary>What the compressed model may cost, as shares of the original in (0, 1]; null is no limit. All must hold.</summary>
/// <param name="KeepParameters">Of the elements of initializers that enter compute.</param>
/// <param name="KeepBytes">Of the file with its external data.</param>
/// <param name="KeepMacs">Of the multiply-accumulates of one sample.</param>
/// <param name="KeepLatency">Of the time of one run in the runtime, as measured on this machine with the threads that are asked for.</param>
public sealed record Budget(double? KeepParameters = null, double? KeepBytes = null, double? KeepMacs = null, double? KeepLatency = null)
{
    /// <summary>Whether latency is that which times of nodes predict: no model is timed.</summary>
    internal bool IsPredicted { get; init; }

    /// <summary>Whether a limit on time is kept by what saves operations at the least loss, not by what saves time.</summary>
    internal bool IsPricedByOperations { get; init; }

    /// <summary>No limit on anything.</summary>
    public static Budget None { get; } = new();

    /// <summary>Whether something is limited that can be counted.</summary>
    internal bool IsCounted => KeepParameters is not null || KeepBytes is not null || KeepMacs is not null;

    /// <summary>What a model has more than it may; nothing where no limit is exceeded.</summary>
    /// <param name="made">What the model costs.</param>
    /// <param name="original">What limits are shares of.</param>
    internal ModelCost Excess(ModelCost made, ModelCost original)
    {
        static long Over(double? share, long made, long original) => share is { } kept ? Math.Max(0, made - (long)Math.Floor(kept * original)) : 0;
        return new(
            Over(KeepParameters, made.Parameters, original.Parameters), Over(KeepMacs, made.Macs, original.Macs), Over(KeepBytes, made.Bytes, original.Bytes));
    }

    /// <summary>Says which limit a model exceeds; null where all hold.</summary>
    /// <param name="made">What the model costs.</param>
    /// <param name="original">What limits are shares of.</param>
    internal string? Exceeded(ModelCost made, ModelCost original)
    {
        var excess = Excess(made, original);
        var (option, share, count, whole, what) = excess.Parameters > 0 ? ("--keep-params", KeepParameters, made.Parameters, original.Parameters, "parameters")
            : excess.Macs > 0 ? ("--keep-macs", KeepMacs, made.Macs, original.Macs, "MACs")
            : ("--keep-bytes", KeepBytes, made.Bytes, original.Bytes, "bytes");
        return excess == ModelCost.None ? null
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The result has {count:N0} {what} of the original's {whole:N0}, more than {option} {share}.");
    }

    /// <summary>Whether anything is limited.</summary>
    public bool IsLimited => KeepParameters is not null || KeepBytes is not null || KeepMacs is not null || KeepLatency is not null;
}
