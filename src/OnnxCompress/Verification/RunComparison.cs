using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Verification.Decisions;

namespace OnnxCompress.Verification;

/// <summary>Adds up what batch after batch of two models' outputs says.</summary>
internal sealed class RunComparison
{
    private readonly Dictionary<string, (OutputValues Expected, OutputValues Actual, OutputValues Far)> _values;
    private readonly DriftSums[] _drifts;
    private readonly IReadOnlyList<OutputDecisions> _rules;
    private readonly IReadOnlyList<string> _regressed;
    private readonly string? _mask;
    private readonly bool _isMaskAsked;

    // 16 bytes a sample: all that grows with the data.
    private readonly HashSet<UInt128> _fed = [];

    /// <summary>Finds the outputs to compare and those that decide.</summary>
    /// <exception cref="OnnxCompressException">OCX7003: there is no such output or mask; OCX7005: labels do not go with the rules.</exception>
    public RunComparison(OnnxModel original, VerificationOptions options)
    {
        Outputs = [.. original.Outputs.Where(output => OutputValues.IsNumeric(output.Type)).Select(output => output.Name)];
        var isOfOne = FeedPlan.Of(original.Inputs).Inputs.All(feed => feed.BatchAxis is null);
        OutputValues Values() => new() { IsOfOneSample = isOfOne };
        _values = Outputs.ToDictionary(name => name, _ => (Values(), Values(), Values()), StringComparer.Ordinal);
        _drifts = [.. Outputs.Select(_ => new DriftSums())];
        _rules = DecisionRules.For(original, options, Outputs);
        _regressed = [.. options.Decisions.Where(rule => rule.Kind == DecisionKind.Regression && Outputs.Count > 0).Select(rule => rule.Output ?? Outputs[0])];
        if (options.Mask is { } mask && original.Inputs.All(input => input.Name != mask))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer, $"The model has no input '{mask}' for --mask; its inputs are {string.Join("; ", original.Inputs)}.");
        }

        (_mask, _isMaskAsked) = (options.Mask ?? SampleMask.Find(original), options.Mask is not null);
    }

    /// <summary>The outputs that are compared: all that hold numbers.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>Adds one batch.</summary>
    /// <param name="feeds">What both models were fed.</param>
    /// <param name="expected">The original's outputs.</param>
    /// <param name="actual">The compressed model's outputs.</param>
    /// <param name="indices">The samples that were run.</param>
    /// <param name="samples">How many of them count, from the first.</param>
    /// <exception cref="OnnxCompressException">OCX7002, OCX7003 or OCX7005.</exception>
    public void Add(IReadOnlyList<HostTensor> feeds, RunResult expected, RunResult actual, ReadOnlySpan<int> indices, int samples)
    {
        var isNew = new bool[samples];
        for (var sample = 0; sample < samples; sample++)
        {
            isNew[sample] = _fed.Add(FedContent.Of(feeds, sample, indices.Length));
        }

        for (var output = 0; output < Outputs.Count; output++)
        {
            Read(feeds, (expected, actual), output, indices, samples);
        }

        var mask = _mask is null ? null : PositionMask.Read(feeds, _mask, _isMaskAsked, indices.Length);
        foreach (var rule in _rules)
        {
            Compare(rule, [.. indices], isNew, mask);
        }
    }

    /// <summary>The samples to come are answered by another model.</summary>
    public void EndPart()
    {
        foreach (var rule in _rules)
        {
            rule.Complete();
        }
    }

    /// <summary>What was found.</summary>
    /// <param name="samples">How many samples were added.</param>
    /// <param name="more">What the same two models said on other samples, for the cautious figure alone; null for nothing.</param>
    public VerificationResult Result(int samples, RunComparison? more = null)
    {
        OutputDrift[] drifts = [.. _drifts.Zip(Outputs, (sums, name) => sums.Drift(name))];
        DecisionResult[] results = [.. _rules.Select((rule, i) => rule.Result(more?._rules[i]))];
        var worst = results.MinBy(result => result.Agreement ?? 1);
        var those = _regressed.Count > 0 ? _regressed : worst is not null ? [worst.Output] : Outputs;
        var error = drifts.Where(drift => those.Contains(drift.Name)).ToList() is { Count: > 0 } own && own.TrueForAll(drift => drift.RelativeError is not null)
            ? own.Max(drift => drift.RelativeError)
            : null;
        return new(samples, worst?.Decisions ?? 0, worst?.Agreeing ?? 0, error, drifts, _rules.OfType<ClassDecisions>().FirstOrDefault(rule => rule.Accuracy is not null)?.Accuracy)
        {
            ByRule = results,
            Changed = worst?.Changed ?? [],
            CautiousAgreement = results.Min(result => result.CautiousAgreement),
            DistinctSamples = _fed.Count,
            DistinctDecisions = worst?.DistinctDecisions ?? 0,
            DistinctAgreeing = worst?.DistinctAgreeing ?? 0,
            HasOneDecision = results.Length > 0 && results.All(result => result.HasOneDecision),
            DecisionRisk = results.Max(result => result.Risk),
        };
    }

    private void Read(IReadOnlyList<HostTensor> feeds, (RunResult Expected, RunResult Actual) runs, int output, ReadOnlySpan<int> indices, int samples)
    {
        var name = Outputs[output];
        var (wanted, got, _) = _values[name];
        wanted.Read(runs.Expected, output);
        got.Read(runs.Actual, output);
        if (wanted.Dims.SequenceEqual(got.Dims))
        {
            CheckFinite(name, indices);
            _drifts[output].Add(wanted.OfFirst(samples, indices.Length), got.OfFirst(samples, indices.Length), SampleMask.CountedValues(feeds, _mask, indices.Length, wanted.Dims));
            return;
        }

        if (!_rules.Any(rule => rule.MayDifferInShape && rule.Outputs.Contains(name)))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer,
                $"The output '{name}' has the shape [{string.Join(',', wanted.Dims)}] in the first model and [{string.Join(',', got.Dims)}] in the second.");
        }

        _drifts[output].AddUnknown();
    }

    private void Compare(OutputDecisions rule, int[] indices, bool[] isNew, PositionMask? mask)
    {
        var values = rule.Outputs.Select(name => _values[name]).ToList();
        var batch = new DecisionBatch([.. values.Select(v => v.Expected)], [.. values.Select(v => v.Actual)], indices, isNew, mask);
        rule.Add(batch, stretch: 0);
        if (values.Exists(v => !v.Expected.Dims.SequenceEqual(v.Actual.Dims)))
        {
            return;
        }

        var scale = rule.Scale(batch);
        for (var stretch = 1; stretch < OutputDecisions.Times.Length; stretch++)
        {
            foreach (var (expected, actual, far) in values)
            {
                far.Stretch(expected, actual, OutputDecisions.Times[stretch], scale);
            }

            rule.Add(batch with { Actual = [.. values.Select(v => v.Far)] }, stretch);
        }
    }

    // A value that is infinite in both models (a mask) is no difference; one that only compression made infinite is a defect.
    private void CheckFinite(string output, ReadOnlySpan<int> indices)
    {
        var expected = _values[output].Expected.Values;
        var actual = _values[output].Actual.Values;
        for (var i = 0; i < expected.Length; i++)
        {
            var sound = double.IsFinite(expected[i])
                ? double.IsFinite(actual[i])
                : double.IsInfinity(expected[i]) && expected[i] == actual[i];
            if (!sound)
            {
                var which = double.IsFinite(expected[i]) ? "second" : "first";
                throw new OnnxCompressException(
                    DiagnosticCodes.OutputNotFinite,
                    $"The {which} model's output '{output}' is NaN or infinite for sample {indices[(int)((long)i * indices.Length / expected.Length)]}.");
            }
        }
    }
}
