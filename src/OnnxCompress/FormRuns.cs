using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>Makes models in numbers of several forms. What is removed in front of them shares one calibration and one set of curves.</summary>
/// <param name="tools">What every stage works with.</param>
/// <param name="model">The original.</param>
/// <param name="data">Calibration, validation and guard samples.</param>
/// <param name="options">What the user said.</param>
internal sealed class FormRuns(PipelineTools tools, OnnxModel model, CompressionData data, CompressionOptions options) : IDisposable
{
    private readonly Dictionary<(NumberForm Form, bool RemovesNothing), Pipeline> _open = [];

    /// <summary>The model in another form with nothing removed.</summary>
    /// <exception cref="OnnxCompressException">It cannot be had in that form.</exception>
    public FormRun Alone(NumberForm form, CancellationToken cancellation)
    {
        var alone = AloneIn(form);
        return tools.Limit.Step(TimeLimit.Form, () =>
        {
            var pipeline = AloneLike(form)?.In(alone, Stop(cancellation)) ?? Pipeline.Open(tools, model, data.Statistics, alone, Stop(cancellation));
            _open[(form, true)] = pipeline;
            return new FormRun(form, true, pipeline, pipeline.Executor.Execute(alone.Plan! with { Rewrites = pipeline.Rewrites }, tools.Progress, Stop(cancellation)));
        });
    }

    /// <summary>
    /// Bytes of the model in a form with nothing removed, whose numbers are not looked for: next to no work beside making it. Null before
    /// the model was made in a form of its kind, and where it cannot be had in this one.
    /// </summary>
    /// <param name="form">Its numbers.</param>
    /// <param name="cancellation">Stops the run.</param>
    public long? BytesAlone(NumberForm form, CancellationToken cancellation)
    {
        try
        {
            return AloneLike(form)?.OutlinedBytes(AloneIn(form), Stop(cancellation));
        }
        catch (OnnxCompressException)
        {
            // Whoever makes it is told why.
            return null;
        }
    }

    /// <summary>The best model in a form with something removed.</summary>
    /// <param name="form">Its numbers.</param>
    /// <param name="goal">What it must keep, and how small others are; counts without a budget.</param>
    /// <param name="rules">Names of the rules that are tried; null for all.</param>
    /// <param name="cancellation">Stops the search.</param>
    /// <exception cref="OnnxCompressException">There is none.</exception>
    public FormRun Removing(NumberForm form, CompressionGoal? goal, IReadOnlyCollection<string>? rules, CancellationToken cancellation)
    {
        var pipeline = tools.Limit.Within(() => Behind(form, Stop(cancellation)));
        // What a plan of other numbers ends with is what was measured to be faster in those.
        var begun = goal is null ? null : goal with { Starts = [.. goal.Starts.Select(s => (s.Plan with { Rewrites = pipeline.Rewrites }, s.Share))] };
        var search = new ResultSearch(tools.Runtime, model, data, options with { Precision = form, Goal = begun }) { Rules = rules };
        return new(form, false, pipeline, search.Run(pipeline, cancellation)) { Rules = search.BestRules, Reached = search.Reached, Accepted = search.Accepted };
    }

    /// <summary>The model of a plan in a form, whatever it keeps.</summary>
    /// <param name="form">Its numbers.</param>
    /// <param name="plan">The plan; what it ends with is what is faster in these numbers.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">It cannot be had so.</exception>
    public FormRun Of(NumberForm form, CompressionPlan plan, CancellationToken cancellation) => tools.Limit.Step(TimeLimit.Plan, () =>
    {
        var pipeline = Behind(form, Stop(cancellation));
        return new FormRun(form, false, pipeline, pipeline.Executor.Execute(plan with { Rewrites = pipeline.Rewrites }, tools.Progress, Stop(cancellation)));
    });

    /// <summary>What shares the budget between the numbers of layers and what is removed.</summary>
    /// <param name="narrow">The model in the form with fewest bits, nothing removed.</param>
    /// <param name="rule">How what is removed is spread; null for the rule that wins most often.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">Model or data cannot be worked with in that form.</exception>
    public FormMixtures Mixtures(FormRun narrow, string? rule, CancellationToken cancellation)
    {
        var pipeline = tools.Limit.Within(() => Behind(narrow.Form, Stop(cancellation)));
        var spread = pipeline.Planner.Rules.FirstOrDefault(r => r.Name == rule) ?? pipeline.Planner.Rules[0];
        return new FormMixtures(forms => pipeline.Planner.Plan(options.Budget, spread, forms, Stop(cancellation)), narrow.Made.Precision);
    }

    /// <summary>A model once more with layers that keep more bits.</summary>
    /// <param name="narrow">The model.</param>
    /// <param name="wider">Their numbers, by name.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">It cannot be had so.</exception>
    public FormRun Widened(FormRun narrow, IReadOnlyDictionary<string, NumberForm> wider, CancellationToken cancellation) =>
        narrow with { Made = tools.Limit.Step(TimeLimit.Form, () => narrow.Pipeline.Executor.Execute(narrow.Made.Plan.Widened(wider), tools.Progress, Stop(cancellation))) };

    /// <summary>
    /// Keeps all that was measured for the next run, also in forms that came to nothing: measured anew they might come to something.
    /// </summary>
    public void KeepTimes()
    {
        foreach (var pipeline in _open.Values)
        {
            pipeline.KeepTimes();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var pipeline in _open.Values)
        {
            pipeline.Dispose();
        }
    }

    // Models that have whole numbers are taken up as such for whole numbers alone.
    private Pipeline? AloneLike(NumberForm form) =>
        _open.Where(p => p.Key.RemovesNothing && IsWhole(p.Key.Form) == IsWhole(form)).Select(p => p.Value).FirstOrDefault();

    private static bool IsWhole(NumberForm form) => form is NumberForm.Int8 or NumberForm.Int4;

    private CompressionOptions AloneIn(NumberForm form) => StageOptions.WithPlan(options with { Precision = form, RemovesNothing = true, Budget = Budget.None }, model.SourceSha256);

    // Without a limit there may be no token of its own.
    private CancellationToken Stop(CancellationToken cancellation) => tools.Limit.Token.CanBeCanceled ? tools.Limit.Token : cancellation;

    /// <summary>Makes plans in a form and carries them out, on the ground that all forms share.</summary>
    /// <exception cref="OnnxCompressException">Model or data cannot be worked with in it.</exception>
    public Pipeline Behind(NumberForm form, CancellationToken cancellation)
    {
        if (!_open.TryGetValue((form, false), out var pipeline))
        {
            var shared = _open.Where(p => !p.Key.RemovesNothing).Select(p => p.Value).FirstOrDefault();
            var asked = options with { Precision = form };
            pipeline = shared?.In(asked, cancellation) ?? Pipeline.Open(tools, model, data.Statistics, asked, cancellation);
            _open[(form, false)] = pipeline;
        }

        return pipeline;
    }
}
