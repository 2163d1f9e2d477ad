using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>
/// Models at several budgets in numbers of several forms, from one calibration. Each form is shown alone and with as much removed as
/// every second budget asks for: between those it bends no more than floating point does, which is shown at all.
/// </summary>
/// <param name="options">What the user said.</param>
/// <param name="tools">What every stage works with.</param>
/// <param name="runs">Makes models.</param>
/// <param name="model">The original.</param>
/// <param name="data">Samples that models are scored and timed on.</param>
internal sealed class FormFrontier(CompressionOptions options, PipelineTools tools, FormRuns runs, OnnxModel model, CompressionData data)
{
    private const int Coarser = 2;

    private readonly ResultTimes _times = new(tools.Runtime, model, data.Statistics, options);

    // Nothing is chosen here, so the guard is not used up by looking at it.
    private readonly IPlanJudge _judge = StageOptions.Judge(tools.Runtime, model, data.Guard is { Count: > 0 } ? data with { Validation = data.Guard } : data, options)
        ?? throw new OnnxCompressException(DiagnosticCodes.NothingToSearchOn, "There are no samples to score models on: give more data.");

    private readonly List<ExploredModel> _points = [];
    private readonly List<ConsideredForm> _leftOut = [];
    private OnnxCompressException? _failure;
    private int _rounds;

    /// <summary>One form, or all that go with the target.</summary>
    /// <exception cref="OnnxCompressException">There is no model at all; the diagnostic is that of the first form.</exception>
    public Exploration Explore(IReadOnlyList<Budget> budgets, CancellationToken cancellation)
    {
        var forms = Forms(options);
        Budget[] coarse = [.. budgets.Where((_, i) => i % Coarser == Coarser - 1)];
        int Rounds(NumberForm form) => IsMixed(options) ? form switch { NumberForm.Float => budgets.Count, _ => 1 + (Removes(form) ? coarse.Length : 0) } : budgets.Count;
        var all = forms.Sum(Rounds);
        foreach (var form in forms)
        {
            try
            {
                UnsolvableNumbers.Explain(() => Add(form, form == NumberForm.Float || !IsMixed(options) ? budgets : coarse, all, cancellation));
            }
            catch (OnnxCompressException e)
            {
                _failure ??= e;
                LeaveOut(form, e.Diagnostic.Code == DiagnosticCodes.TimeLimitReached ? "Time was up." : e.Diagnostic.Message);
            }

            _rounds += Rounds(form);
        }

        return _points.Count > 0 || (_failure is null && !tools.Limit.IsReached)
            ? new(_points, _leftOut) { Diagnostics = tools.Limit.IsReached ? [tools.Limit.NotAllShown] : [] }
            : throw _failure ?? tools.Limit.Failure;
    }

    /// <summary>Whether forms are compared: where the numbers are left to the tool.</summary>
    public static bool IsMixed(CompressionOptions options) => options.Precision == NumberForm.Auto;

    private static IReadOnlyList<NumberForm> Forms(CompressionOptions options) =>
        IsMixed(options) ? FormPortfolio.FormsOf(options.Target) : [StageOptions.Precision(options)];

    // Half floats run no faster on a processor, and are never the smallest: alone they show what they keep.
    private bool Removes(NumberForm form) => form != NumberForm.Float16 || options.Target == RunTarget.Gpu;

    private int Add(NumberForm form, IReadOnlyList<Budget> budgets, int all, CancellationToken cancellation)
    {
        var isMixed = IsMixed(options);
        ExploredModel? alone = null;
        if (isMixed && form != NumberForm.Float)
        {
            tools.Watch.BeginRound("explore", _rounds, all);
            var made = runs.Alone(form, cancellation);
            alone = Search(made.Pipeline, (_rounds, all), cancellation).PointOf(Budget.None, made.Made, cancellation) with { Form = form, RemovesNothing = true };
            var others = _points.Where(p => p.RemovesNothing).Select(p => (p.Form, p.Cost.Bytes)).Prepend((Form: NumberForm.Float, made.Pipeline.Original.Bytes));
            if (others.Where(o => alone.Cost.Bytes > FormPortfolio.SameBytes * o.Bytes).Select(o => (NumberForm?)o.Form).LastOrDefault() is { } same)
            {
                LeaveOut(form, $"It writes about the same file as {same.ToString().ToLowerInvariant()}, or a larger one.");
                tools.Watch.EndRounds();
                return 0;
            }

            _points.Add(alone);
            if (!Removes(form))
            {
                tools.Watch.EndRounds();
                return 1;
            }
        }

        var pipeline = tools.Limit.Within(() => runs.Behind(form, tools.Limit.Token));
        // A share of bytes is one of those that the form alone has.
        var scale = alone is null ? 1 : (double)alone.Cost.Bytes / pipeline.Original.Bytes;
        Budget[] asked = [.. budgets.Select(b => b.KeepBytes is { } share ? b with { KeepBytes = Math.Round(share * scale, 4) } : b)];
        _points.AddRange(Search(pipeline, (_rounds + (alone is null ? 0 : 1), all), cancellation).Explore(asked, cancellation).Select(p => p with { Form = form }));
        return budgets.Count;
    }

    private FrontierSearch Search(Pipeline pipeline, (int Before, int All) rounds, CancellationToken cancellation) =>
        new(pipeline.Planner, pipeline.Executor, _judge, tools.Watch, made => _times.Glance(made, cancellation)) { Rounds = rounds, Limit = tools.Limit };

    private void LeaveOut(NumberForm form, string reason) =>
        _leftOut.Add(new ConsideredForm(form, 0, null) { RemovesNothing = _points.TrueForAll(p => p.Form != form), Refused = reason });
}
