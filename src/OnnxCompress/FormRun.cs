using OnnxCompress.Forms;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>A model in numbers of one form, carried out but not concluded: that is done for the one that is taken.</summary>
/// <param name="Form">Its numbers.</param>
/// <param name="RemovesNothing">Whether nothing was removed from it.</param>
/// <param name="Pipeline">What made it.</param>
/// <param name="Made">The model.</param>
internal sealed record FormRun(NumberForm Form, bool RemovesNothing, Pipeline Pipeline, ExecutedPlan Made)
{
    /// <summary>Names of the rules that did best while it was searched for; none where nothing was.</summary>
    public IReadOnlyList<string> Rules { get; init; } = [];

    /// <summary>Plans that validation samples accepted without a budget, the smallest first.</summary>
    public IReadOnlyList<ScoredPlan> Accepted { get; init; } = [];

    /// <summary>The share of the original, in what is made small, that its search came to.</summary>
    public double Reached { get; init; } = 1;

    /// <summary>Layers that keep more bits than the form has.</summary>
    public int Wider => Made.Plan.Wider.Count;

    /// <summary>Its bytes as a share of the original's.</summary>
    public double ByteShare => (double)Made.Cost.Bytes / Pipeline.Original.Bytes;

    /// <summary>The share of the original's time that it takes on this machine.</summary>
    public double TimeShare(CancellationToken cancellation) => Pipeline.Times.Share(Made.Plan, Made.Model, cancellation);

    /// <summary>The same of its plan with layers that keep more bits, at a glance.</summary>
    /// <param name="wider">Their numbers, by name.</param>
    /// <param name="cancellation">Stops the runs.</param>
    public double TimeShare(IReadOnlyDictionary<string, NumberForm> wider, CancellationToken cancellation) => Pipeline.TimeShare(Made.Plan.Widened(wider), cancellation);

    /// <summary>The same, measured as results are.</summary>
    /// <param name="wider">Their numbers, by name.</param>
    /// <param name="cancellation">Stops the runs.</param>
    public double ResultTimeShare(IReadOnlyDictionary<string, NumberForm> wider, CancellationToken cancellation)
    {
        var plan = Made.Plan.Widened(wider);
        return Pipeline.Times.Share(plan, Pipeline.Executor.Sketch(plan, cancellation), cancellation);
    }
}
