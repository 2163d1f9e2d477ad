using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Verification.Decisions;

/// <summary>Classes, labels, pixels and tokens: one decision for each sample or for each of its positions.</summary>
/// <param name="rule">What a decision is.</param>
/// <param name="output">The deciding output.</param>
/// <param name="threshold">What a value must exceed where a threshold decides.</param>
/// <param name="labels">The right class of each sample; null when not known.</param>
internal sealed class ClassDecisions(DecisionRule rule, string output, double threshold, IReadOnlyList<long>? labels) : OutputDecisions(rule.Kind, output)
{
    private const int Five = 5;

    private readonly ClassReader _reader = new(rule, output, threshold);
    private readonly ClassOverlap? _overlap = rule.Kind == DecisionKind.Pixels ? new() : null;
    private readonly MostChangedPixels? _pixels = rule.Kind == DecisionKind.Pixels ? new() : null;
    private readonly TokenDivergence? _divergence = rule.Kind == DecisionKind.Tokens ? new() : null;
    private long[] _wanted = [];
    private DriftScale? _scale;
    private double? _risk = 0;
    private long? _onlyDecision;
    private bool _decisionsDiffer;
    private long _samples;
    private long _wholeSamples;
    private long _bothRight;
    private long _onlyOriginal;
    private long _onlyCompressed;

    /// <summary>Both models against labels; null without labels.</summary>
    public AccuracyComparison? Accuracy => labels is null || _samples == 0
        ? null
        : new((double)(_bothRight + _onlyOriginal) / _samples, (double)(_bothRight + _onlyCompressed) / _samples, _onlyOriginal, _onlyCompressed);

    /// <inheritdoc />
    protected override double? RiskSum => _risk;

    /// <inheritdoc />
    protected override bool IsOneDecision => !_decisionsDiffer;

    /// <inheritdoc />
    protected override IReadOnlyList<PixelChanges> ChangedPixels => _pixels?.Kept ?? [];

    /// <inheritdoc />
    public override void Add(DecisionBatch batch, int stretch)
    {
        var (expected, actual) = (batch.Expected[0], batch.Actual[0]);
        if (stretch == 0)
        {
            _wanted = _reader.Decide(expected.Values, expected.Dims, expected.Type, batch.Size);
        }

        var got = _reader.Decide(actual.Values, actual.Dims, actual.Type, batch.Size);
        var positions = _wanted.Length / batch.Size;
        var counted = batch.Mask?.For(positions);
        for (var sample = 0; sample < batch.Samples; sample++)
        {
            var (decided, agreeing) = (0L, 0L);
            for (var i = sample * positions; i < (sample + 1) * positions; i++)
            {
                if (counted is null || counted[i])
                {
                    decided++;
                    agreeing += Stays(actual, i, got[i]) ? 1 : 0;
                }
            }

            Count(stretch, batch.IsNew[sample], decided, agreeing);
            if (stretch == 0)
            {
                _samples++;
                _wholeSamples += decided == agreeing ? 1 : 0;
            }
        }

        if (stretch == 0)
        {
            Look(batch, got, positions, counted);
            Label(batch, got, positions);
        }
    }

    /// <inheritdoc />
    public override DriftScale Scale(DecisionBatch batch) => _scale ??= _reader.Scale(batch.Expected[0].Values, batch.Expected[0].Dims, batch.Expected[0].Type);

    /// <inheritdoc />
    protected override IEnumerable<DecisionFigure> Figures() => rule.Kind switch
    {
        DecisionKind.Pixels => [new("meanIou", "mean intersection over union with the original", _overlap!.Mean)],
        DecisionKind.MultiLabel when _samples > 0 => [new("exactMatch", "share of samples with all labels the same", (double)_wholeSamples / _samples)],
        DecisionKind.Tokens => _divergence!.Figures(),
        _ => [],
    };

    private bool Stays(OutputValues actual, int position, long got) => rule.Kind == DecisionKind.TopFive && HasClasses(actual)
        ? _reader.Before(actual.Values, actual.Dims, position, _wanted[position]) < Five
        : _wanted[position] == got;

    private bool HasClasses(OutputValues values) => values.Type.IsFloatingPoint() && _reader.Axis(values.Dims) is > 0 and var axis && values.Dims[axis] > 1;

    private void Diverge(OutputValues expected, OutputValues actual, int position)
    {
        if (_divergence is null || !HasClasses(expected))
        {
            return;
        }

        var axis = _reader.Axis(expected.Dims);
        var (start, stride) = ClassReader.Start(position, expected.Dims, axis);
        _divergence.Add(expected.Values[start..], actual.Values[start..], stride, (int)expected.Dims[axis], _wanted[position]);
    }

    private void Look(DecisionBatch batch, long[] got, int positions, bool[]? counted)
    {
        var (expected, actual) = (batch.Expected[0], batch.Actual[0]);
        for (var i = 0; i < positions * batch.Samples; i++)
        {
            if (counted is not null && !counted[i])
            {
                continue;
            }

            _decisionsDiffer |= _wanted[i] != (_onlyDecision ??= _wanted[i]);
            _overlap?.Add(_wanted[i], got[i]);
            Diverge(expected, actual, i);
            if (!Stays(actual, i, got[i]))
            {
                var before = _reader.Margin(expected.Values, expected.Dims, expected.Type, i, _wanted[i], got[i]);
                var after = _reader.Margin(actual.Values, actual.Dims, actual.Type, i, got[i], _wanted[i]);
                Changes.Add(new(batch.Indices[i / positions], i % positions, _wanted[i], got[i], before, after));
            }
        }

        for (var sample = 0; _pixels is not null && sample < batch.Samples; sample++)
        {
            var part = (sample * positions)..((sample + 1) * positions);
            _pixels.Add(batch.Indices[sample], expected.Dims, _wanted.AsSpan(part), got.AsSpan(part), counted is null ? default : counted.AsSpan(part));
        }

        var those = counted ?? Enumerable.Repeat(true, positions * batch.Samples).ToArray();
        _risk += _reader.Risk(_wanted, expected.Values, actual.Values, expected.Dims, expected.Type, those.AsSpan(0, positions * batch.Samples));
    }

    private void Label(DecisionBatch batch, long[] got, int positions)
    {
        if (labels is null)
        {
            return;
        }

        if (positions != 1)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.LabelsMismatch,
                $"The output '{output}' makes {positions} decisions for each sample; labels are compared with one. Choose --output or --axis.");
        }

        for (var i = 0; i < batch.Samples; i++)
        {
            var right = labels[batch.Indices[i]];
            var (before, after) = (_wanted[i] == right, got[i] == right);
            _bothRight += before && after ? 1 : 0;
            _onlyOriginal += before && !after ? 1 : 0;
            _onlyCompressed += after && !before ? 1 : 0;
        }
    }
}
