namespace OnnxCompress.Reporting;

/// <summary>What is in a model and what could be compressed, as <c>inspect --json</c> prints it.</summary>
internal sealed record InspectionReport
{
    /// <summary>Version of the keys.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Version of the tool.</summary>
    public required string Tool { get; init; }

    /// <summary>The model.</summary>
    public required ReportedModel Model { get; init; }

    /// <summary>What it costs.</summary>
    public required ReportedCost Original { get; init; }

    /// <summary>Where the parameters of the file are; the sum is <see cref="Original"/>'s.</summary>
    public required ReportedAccount Account { get; init; }

    /// <summary>Version of the default operator set.</summary>
    public long Opset { get; init; }

    /// <summary>What must be fed, for instance <c>image: Float[batch,1,28,28]</c>.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>Shapes that were assumed for inputs with dynamic dimensions, for instance <c>x=1,3,224,224</c>; costs are for these.</summary>
    public required IReadOnlyList<string> Assumed { get; init; }

    /// <summary>What comes back.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    /// <summary>Operators, the most frequent first.</summary>
    public required IReadOnlyList<ReportedOperator> Operators { get; init; }

    /// <summary>Channels that can go together.</summary>
    public required IReadOnlyList<ReportedGroup> Groups { get; init; }

    /// <summary>Tables that are looked up with the ids of inputs, the largest first.</summary>
    public IReadOnlyList<InspectedTable> Tables { get; init; } = [];

    /// <summary>What is left alone, and why.</summary>
    public required IReadOnlyList<InspectedRefusal> Refused { get; init; }
}
