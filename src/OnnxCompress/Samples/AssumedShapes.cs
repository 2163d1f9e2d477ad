using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Samples;

/// <summary>The shapes of inputs without data: as given, and where nobody says how large an axis is, the first likely ones that the model runs with.</summary>
/// <param name="Shapes">Full shapes by input name: those given, and those assumed.</param>
/// <param name="Assumed">Those assumed, as they would be typed: <c>x=1,3,224,224</c>.</param>
internal sealed record AssumedShapes(IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes, IReadOnlyList<string> Assumed)
{
    /// <summary>Runs at most; a run that fails mostly does so early.</summary>
    private const int MostTries = 64;

    /// <summary>Values of all assumed inputs together, at most.</summary>
    private const long MostValues = 1L << 22;

    /// <summary>Shapes looked at, those that are too large among them.</summary>
    private const int MostLookedAt = 1000;

    private const int MostListed = 8;

    /// <summary>Says what was assumed; null where nothing was.</summary>
    public string? Remark => Assumed.Count == 0 ? null : $"assumed {string.Join(' ', Assumed)}; give --shape to say otherwise";

    /// <summary>Finds shapes. The same model always gets the same ones.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="runtime">Where it is tried.</param>
    /// <param name="given">Full shapes by input name, which are not questioned.</param>
    /// <param name="cancellation">Stops the runs.</param>
    /// <exception cref="OnnxCompressException">As <see cref="MadeUpShapes.Of"/>'s; OCX3023: the model runs with no shape that was tried.</exception>
    public static AssumedShapes Choose(
        OnnxModel model, IModelRuntime runtime, IReadOnlyDictionary<string, IReadOnlyList<long>> given, CancellationToken cancellation)
    {
        RandomSampleSource.CheckFeedable(model.Inputs);
        var plan = FeedPlan.Of(model.Inputs);
        var open = MadeUpShapes.Open(plan, given);
        if (open.Count == 0)
        {
            return new(given, []);
        }

        return open.Any(feed => feed.Input.Dims is null)
            ? throw MadeUpShapes.Unknown(open, "")
            : Try(model, runtime, open, given, Candidates(new AssumedSizes(model, plan, open, given)), cancellation);
    }

    private static IEnumerable<IReadOnlyDictionary<string, IReadOnlyList<long>>> Candidates(AssumedSizes sizes) => sizes.Shapes()
        .Take(MostLookedAt)
        .Where(shapes => shapes.Values.Sum(shape => shape.Aggregate(1.0, (product, size) => product * size)) <= MostValues)
        .DistinctBy(Text)
        .Take(MostTries);

    private static AssumedShapes Try(
        OnnxModel model, IModelRuntime runtime, IReadOnlyList<InputFeed> open, IReadOnlyDictionary<string, IReadOnlyList<long>> given,
        IEnumerable<IReadOnlyDictionary<string, IReadOnlyList<long>>> candidates, CancellationToken cancellation)
    {
        using var observed = new ObservedModel(runtime, model, Watched(model), SessionSettings.AsItStands);
        var tried = new List<string>();
        foreach (var candidate in candidates)
        {
            var shapes = given.Concat(candidate).ToDictionary(StringComparer.Ordinal);
            if (Runs(model, observed, shapes, cancellation))
            {
                return new(shapes, [.. candidate.Select(shape => $"{shape.Key}={string.Join(',', shape.Value)}")]);
            }

            tried.Add(Text(candidate));
        }

        throw MadeUpShapes.Unknown(open, Sentence(tried));
    }

    /// <summary>The outputs; where none is a tensor, all that nodes give.</summary>
    private static IEnumerable<string> Watched(OnnxModel model) => model.Outputs.Any(output => output.Type != ElementType.Undefined)
        ? model.Outputs.Select(output => output.Name)
        : model.Graph.Nodes.SelectMany(node => node.Outputs).Where(output => output.Length > 0);

    private static bool Runs(
        OnnxModel model, ObservedModel observed, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes, CancellationToken cancellation)
    {
        try
        {
            var sample = RandomSampleSource.For(model, 1, 0, shapes).Read(SampleBatches.Of(1, model.Inputs, preferred: 1).First().Indices);
            observed.Run(sample, cancellation).Dispose();
            return true;
        }
        catch (OnnxCompressException failure) when (failure.Diagnostic.Code is DiagnosticCodes.RunFailed or DiagnosticCodes.InputSizeInvalid)
        {
            return false;
        }
    }

    private static string Text(IReadOnlyDictionary<string, IReadOnlyList<long>> shapes) =>
        string.Join(' ', shapes.Select(shape => $"{shape.Key}={string.Join(',', shape.Value)}"));

    private static string Sentence(List<string> tried) => tried.Count == 0 ? ""
        : $"it does not run with {string.Join(" or ", tried.Take(MostListed))}{(tried.Count > MostListed ? $" or {tried.Count - MostListed} others" : "")}; ";
}
