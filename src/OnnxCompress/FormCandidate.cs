using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>One of the models that are compared.</summary>
/// <param name="Run">The model.</param>
/// <param name="Score">What validation samples say of it; null without any.</param>
/// <param name="Time">Its time as a share of the original's; null where time does not count.</param>
/// <param name="Refused">Why it does not do; null where it does.</param>
internal sealed record FormCandidate(FormRun Run, PlanScore? Score, double? Time, string? Refused)
{
    /// <summary>How the report lists it.</summary>
    /// <param name="chosen">Whether it is the result.</param>
    public ConsideredForm Seen(bool chosen)
    {
        var (form, wider, narrower) = LayerForms.Of(Run.Form, Run.Made.Plan.Wider, Run.Made.Precision);
        return new(form, Run.Made.Cost.Bytes, Score?.Agreement)
        {
            RemovesNothing = Run.RemovesNothing,
            Wider = wider,
            Narrower = narrower,
            Error = Score?.Error,
            TimeShare = Time,
            Refused = Refused,
            Chosen = chosen,
        };
    }
}
