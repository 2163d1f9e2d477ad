using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>Adds up what batch after batch of two models' outputs says.</summary>
internal sealed class RunComparison
{
    /// <summary>How many times the drift is taken; see <see cref="VerificationResult.CautiousAgreement"/>.</summary>
    private static readonly int[] Stretches = [1, 2, 3, 4, 5];

    private readonly OutputValues _expected = new();
    private readonly OutputValues _actual = new();
    private readonly DriftSums[] _drifts;
    private readonly PriorityQueue<ChangedDecision, (double Margin, int Order)> _changed = new();
    private readonly IReadOnlyList<long>? _labels;
    private readonly DecisionReader? _decisions;
    private readonly string? _decides;
    private long _decided;
    private readonly long[] _stretched = new long[Stretches.Length];
    private double[] _far = [];
    private double? _risk = 0;
    private long _agreeing;
    private long _distinctDecided;
    private long _distinctAgreeing;
    private long? _onlyDecision;
    private bool _decisionsDiffer;

    // 16 bytes a sample: all that grows with the data.
    private readonly HashSet<UInt128> _fed = [];
    private long _bothRight;
    private long _onlyOriginal;
    private long _onlyCompressed;

    /// <summary>Finds the outputs to compare and the one that decides.</summary>
    /// <exception cref="OnnxCompressException">OCX7003: there is no such output.</exception>
    public RunComparison(OnnxModel original, VerificationOptions options)
    {
        Outputs = [.. original.Outputs.Where(output => OutputValues.IsNumeric(output.Type)).Select(output => output.Name)];
        _drifts = [.. Outputs.Select(_ => new DriftSums())];
        _labels = options.Labels;
        var rule = options.Decision;
        if (rule.Output is not null && !Outputs.Contains(rule.Output))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer,
                $"The model has no numeric output '{rule.Output}'; its outputs are {string.Join("; ", original.Outputs)}.");
        }

        if (rule.Kind != DecisionKind.None && Outputs.Count > 0)
        {
            _decides = rule.Output ?? Outputs[0];
            var afterSigmoid = original.Graph.Producer(_decides)?.OpType == "Sigmoid";
            _decisions = new(rule, _decides, rule.Threshold ?? (afterSigmoid ? 0.5 : 0));
        }
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
            _expected.Read(expected, output);
            _actual.Read(actual, output);
            if (!_expected.Dims.SequenceEqual(_actual.Dims))
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.OutputsDiffer,
                    $"The output '{Outputs[output]}' has the shape [{string.Join(',', _expected.Dims)}] in the first model and "
                    + $"[{string.Join(',', _actual.Dims)}] in the second.");
            }

            CheckFinite(Outputs[output], indices);
            _drifts[output].Add(_expected.OfFirst(samples, indices.Length), _actual.OfFirst(samples, indices.Length));
            if (Outputs[output] == _decides)
            {
                Compare(indices, isNew);
            }
        }
    }

    /// <summary>What was found.</summary>
    /// <param name="samples">How many samples were added.</param>
    public VerificationResult Result(int samples)
    {
        OutputDrift[] drifts = [.. _drifts.Zip(Outputs, (sums, name) => sums.Drift(name))];
        var error = _decides is not null
            ? drifts.First(drift => drift.Name == _decides).RelativeError
            : drifts.Any(drift => drift.RelativeError is null) ? null : drifts.Max(drift => drift.RelativeError);
        var accuracy = _labels is null ? null : new AccuracyComparison(
            (double)(_bothRight + _onlyOriginal) / samples, (double)(_bothRight + _onlyCompressed) / samples, _onlyOriginal, _onlyCompressed);
        return new(samples, _decided, _agreeing, error, drifts, accuracy)
        {
            Changed = [.. _changed.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)],
            CautiousAgreement = _decided == 0 ? null : 1 - Stretches.Select((k, i) => (1 - ((double)_stretched[i] / _decided)) / k).Max(),
            DistinctSamples = _fed.Count,
            DistinctDecisions = _distinctDecided,
            DistinctAgreeing = _distinctAgreeing,
            HasOneDecision = _decided > 0 && !_decisionsDiffer,
            DecisionRisk = _decided == 0 ? null : _risk / _decided,
        };
    }

    private void Compare(ReadOnlySpan<int> indices, bool[] isNew)
    {
        var (batch, samples) = (indices.Length, isNew.Length);
        var wanted = _decisions!.Decide(_expected.Values, _expected.Dims, _expected.Type, batch);
        var got = _decisions.Decide(_actual.Values, _actual.Dims, _actual.Type, batch);
        var positions = wanted.Length / batch;
        for (var i = 0; i < positions * samples; i++)
        {
            _decided++;
            _agreeing += wanted[i] == got[i] ? 1 : 0;
            if (isNew[i / positions])
            {
                _distinctDecided++;
                _distinctAgreeing += wanted[i] == got[i] ? 1 : 0;
            }

            _decisionsDiffer |= wanted[i] != (_onlyDecision ??= wanted[i]);
            if (wanted[i] != got[i])
            {
                Keep(indices[i / positions], i % positions, i, wanted[i], got[i]);
            }
        }

        Stretch(wanted, positions * samples, batch);
        _risk += _decisions.Risk(wanted, _expected.Values, _actual.Values, _expected.Dims, _expected.Type, positions * samples);
        if (_labels is null)
        {
            return;
        }

        if (positions != 1)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.LabelsMismatch,
                $"The output '{_decides}' makes {positions} decisions for each sample; labels are compared with one. Choose --output or --axis.");
        }

        for (var i = 0; i < samples; i++)
        {
            var (before, after) = (wanted[i] == _labels[indices[i]], got[i] == _labels[indices[i]]);
            _bothRight += before && after ? 1 : 0;
            _onlyOriginal += before && !after ? 1 : 0;
            _onlyCompressed += after && !before ? 1 : 0;
        }
    }

    // The surest of the original's decisions say most when they change; of equals the first stay.
    /// <summary>Counts the decisions that would stay the same if the outputs had drifted further the same way.</summary>
    private void Stretch(long[] wanted, int decisions, int batch)
    {
        var expected = _expected.Values;
        var actual = _actual.Values;
        Array.Resize(ref _far, expected.Length);
        for (var s = 0; s < Stretches.Length; s++)
        {
            for (var i = 0; i < expected.Length; i++)
            {
                _far[i] = expected[i] + (Stretches[s] * (actual[i] - expected[i]));
            }

            var far = _decisions!.Decide(_far, _actual.Dims, _actual.Type, batch);
            for (var i = 0; i < decisions; i++)
            {
                _stretched[s] += wanted[i] == far[i] ? 1 : 0;
            }
        }
    }

    private void Keep(int sample, int position, int decision, long original, long compressed)
    {
        var before = _decisions!.Margin(_expected.Values, _expected.Dims, _expected.Type, decision, original, compressed);
        var after = _decisions.Margin(_actual.Values, _actual.Dims, _actual.Type, decision, compressed, original);
        _changed.Enqueue(new(sample, position, original, compressed, before, after), (before ?? 0, -(int)Math.Min(_decided, int.MaxValue)));
        if (_changed.Count > VerificationResult.MostChanged)
        {
            _changed.Dequeue();
        }
    }

    // A value that is infinite in both models (a mask) is no difference; one that only compression made infinite is a defect.
    private void CheckFinite(string output, ReadOnlySpan<int> indices)
    {
        var expected = _expected.Values;
        var actual = _actual.Values;
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
