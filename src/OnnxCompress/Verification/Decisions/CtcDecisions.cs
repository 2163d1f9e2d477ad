using OnnxCompress.Diagnostics;

namespace OnnxCompress.Verification.Decisions;

/// <summary>
/// Texts that sequences of classes spell: the largest class of each step, repetitions once, blanks left out (best path decoding;
/// Graves et al. 2006, connectionist temporal classification, section 3.2).
/// </summary>
/// <param name="output">The deciding output: samples, steps, classes, or steps first.</param>
/// <param name="blank">The class that stands for nothing, negative from the end.</param>
internal sealed class CtcDecisions(string output, int blank) : OutputDecisions(DecisionKind.Ctc, output)
{
    private DriftScale? _scale;
    private double _distance;
    private long _compared;
    private string? _only;
    private bool _textsDiffer;

    /// <inheritdoc />
    protected override bool IsOneDecision => !_textsDiffer;

    /// <inheritdoc />
    public override void Add(DecisionBatch batch, int stretch)
    {
        for (var sample = 0; sample < batch.Samples; sample++)
        {
            var (wanted, got) = (Decode(batch.Expected[0], batch.Size, sample), Decode(batch.Actual[0], batch.Size, sample));
            var isSame = wanted.AsSpan().SequenceEqual(got);
            Count(stretch, batch.IsNew[sample], 1, isSame ? 1 : 0);
            if (stretch != 0)
            {
                continue;
            }

            _compared++;
            _distance += wanted.Length + got.Length == 0 ? 0 : (double)EditDistance(wanted, got) / Math.Max(wanted.Length, got.Length);
            var text = string.Join(' ', wanted);
            _textsDiffer |= text != (_only ??= text);
            if (!isSame)
            {
                Changes.Add(new(batch.Indices[sample], 0, wanted.Length, got.Length, null, null) { OriginalText = text, CompressedText = string.Join(' ', got) });
            }
        }
    }

    /// <inheritdoc />
    public override DriftScale Scale(DecisionBatch batch) => _scale ??=
        new ClassReader(new(DecisionKind.ArgMax, output), output, 0).Scale(batch.Expected[0].Values, batch.Expected[0].Dims, batch.Expected[0].Type);

    /// <summary>Insertions, deletions and substitutions that make one text of another (Levenshtein).</summary>
    public static int EditDistance(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        var row = new int[to.Length + 1];
        for (var j = 0; j <= to.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var substituted = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }

    /// <inheritdoc />
    protected override IEnumerable<DecisionFigure> Figures() => _compared == 0 ? [] :
        [new("meanEditDistance", "mean edit distance, as a share of the text", _distance / _compared)];

    private int[] Decode(OutputValues values, int batch, int sample)
    {
        var dims = values.Dims;
        if (dims.Count != 3 || (dims[0] != batch && dims[1] != batch))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer,
                $"The output '{output}' has the shape [{string.Join(',', dims)}]; --decision ctc reads samples, steps, classes. Choose another with {output}=RULE.");
        }

        var (isSampleFirst, classes) = (dims[0] == batch, (int)dims[2]);
        var (steps, nothing) = ((int)(isSampleFirst ? dims[1] : dims[0]), blank < 0 ? blank + classes : blank);
        var (text, last) = (new List<int>(), -1);
        for (var step = 0; step < steps; step++)
        {
            var scores = values.Values.Slice((isSampleFirst ? (sample * steps) + step : (step * batch) + sample) * classes, classes);
            var best = Largest(scores);
            if (best != nothing && best != last)
            {
                text.Add(best);
            }

            last = best;
        }

        return [.. text];
    }

    private static int Largest(ReadOnlySpan<double> scores)
    {
        var best = 0;
        for (var c = 1; c < scores.Length; c++)
        {
            best = scores[c] > scores[best] ? c : best;
        }

        return best;
    }
}
