using System.Globalization;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Timing;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Rewrites of a finished model that change no output, for the runtime's sake. They come last: dependencies and least squares see
/// the form before. A plan says by name which of them are carried out; whether one is worth it is measured before the plan is made.
/// </summary>
internal static class FasterForms
{
    /// <summary>Shortcuts as convolutions: <see cref="StridedShortcuts"/>.</summary>
    private const string Shortcuts = "strided shortcuts";

    /// <summary>Odd widths padded with zeros, and the channels in a vector: <see cref="WholeVectors"/>. Another machine pads to the same.</summary>
    private const string Widths = "whole vectors of ";

    /// <summary>Convolutions in bytes that read channels in fours: <see cref="InputsInFours"/>.</summary>
    private const string Fours = "inputs in fours";

    /// <summary>All names, in the order in which they are carried out.</summary>
    public static IReadOnlyList<string> Names { get; } = [Shortcuts, string.Create(CultureInfo.InvariantCulture, $"{Widths}{WidthTable.VectorWidth}")];

    /// <summary>The same for models that compute in bytes.</summary>
    public static IReadOnlyList<string> NamesInBytes { get; } = [.. Names, Fours];

    /// <summary>Whether bytes are written in fours of channels.</summary>
    public static bool PadInputs(IReadOnlyList<string> names) => names.Contains(Fours);

    /// <summary>Whether any of the named rewrites finds something to do.</summary>
    public static bool HaveWork(IReadOnlyList<string> names, ModelGraph graph, Shrinkage shrinkage) => names.Any(name => Of(name).Any(graph, shrinkage));

    /// <summary>Carries out the named rewrites.</summary>
    /// <param name="names">Which.</param>
    /// <param name="graph">The graph; edited in place.</param>
    /// <param name="shrinkage">Which channels stayed, and the shapes of the original.</param>
    /// <returns>Multiply-accumulates that the model has more for one sample.</returns>
    /// <exception cref="OnnxCompressException">OCX6001: a name is not known.</exception>
    public static long CarryOut(IReadOnlyList<string> names, ModelGraph graph, Shrinkage shrinkage) => names.Sum(name => Of(name).Apply(graph, shrinkage));

    private static (Func<ModelGraph, Shrinkage, bool> Any, Func<ModelGraph, Shrinkage, long> Apply) Of(string name) => name switch
    {
        Shortcuts => (StridedShortcuts.Any, StridedShortcuts.Apply),
        Fours => ((graph, _) => InputsInFours.Any(graph), InputsInFours.Macs),
        _ when VectorOf(name) is { } vector => ((graph, shrinkage) => WholeVectors.Any(graph, shrinkage, vector), (graph, shrinkage) => WholeVectors.Apply(graph, shrinkage, vector)),
        _ => throw new OnnxCompressException(DiagnosticCodes.PlanMismatch, $"The plan asks for the rewrite '{name}', which this version does not know; make a new plan for this model."),
    };

    private static int? VectorOf(string name) =>
        name.StartsWith(Widths, StringComparison.Ordinal) && int.TryParse(name.AsSpan(Widths.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var vector) && vector is 8 or 16
            ? vector
            : null;
}
