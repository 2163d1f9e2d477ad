namespace OnnxCompress.Timing;

/// <summary>
/// What a choice takes by tables of nodes, apart for what tables miss in different ways: layers among layers, chains of thin layers,
/// which may leave the runtime's blocked layout, and all that no table knows. Milliseconds.
/// </summary>
/// <param name="Layers">Layers that are not split.</param>
/// <param name="Splits">The thin layers of those that are.</param>
/// <param name="Others">All else.</param>
internal readonly record struct TimeParts(double Layers, double Splits, double Others)
{
    /// <summary>The sum.</summary>
    public double Sum => Layers + Splits + Others;
}
