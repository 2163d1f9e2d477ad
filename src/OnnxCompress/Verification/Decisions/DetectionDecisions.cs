namespace OnnxCompress.Verification.Decisions;

/// <summary>
/// Boxes: the same where both models find one of the same class and they overlap by half (intersection over union 0.5). The
/// agreement is F1, twice the pairs over the boxes of both models; where neither finds a thing, that is one equal decision.
/// </summary>
/// <param name="outputs">The outputs that hold boxes.</param>
internal sealed class DetectionDecisions(IReadOnlyList<string> outputs) : OutputDecisions(DecisionKind.Detection, outputs)
{
    private const double SameOverlap = 0.5;

    // More in one picture hide each other.
    private const int MostShown = 50;

    private readonly BoxReader _reader = new(outputs);
    private long _found;
    private long _samples;
    private bool _hasBoxes;

    /// <inheritdoc />
    public override bool MayDifferInShape => true;

    /// <inheritdoc />
    protected override bool IsOneDecision => !_hasBoxes;

    /// <inheritdoc />
    public override void Add(DecisionBatch batch, int stretch)
    {
        for (var sample = 0; sample < batch.Samples; sample++)
        {
            var (wanted, got) = (_reader.Read(batch, batch.Expected, sample), _reader.Read(batch, batch.Actual, sample));
            var pairs = Pairs(wanted, got);
            var isEmpty = wanted.Count + got.Count == 0;
            Count(stretch, batch.IsNew[sample], isEmpty ? 1 : wanted.Count + got.Count, isEmpty ? 1 : 2 * pairs);
            if (stretch != 0)
            {
                continue;
            }

            _samples++;
            _found += wanted.Count;
            _hasBoxes |= wanted.Count > 0;
            if (2 * pairs != wanted.Count + got.Count)
            {
                Changes.Add(new(batch.Indices[sample], 0, wanted.Count, got.Count, null, null)
                {
                    OriginalText = Text(wanted), CompressedText = Text(got), OriginalBoxes = [.. wanted.Take(MostShown)], CompressedBoxes = [.. got.Take(MostShown)],
                });
            }
        }
    }

    /// <inheritdoc />
    protected override IEnumerable<DecisionFigure> Figures() => _samples == 0 ? [] : [new("boxesBySample", "mean boxes that the original finds in a sample", (double)_found / _samples)];

    private static int Pairs(IReadOnlyList<Box> wanted, IReadOnlyList<Box> got)
    {
        var taken = new bool[got.Count];
        var pairs = 0;
        foreach (var box in wanted)
        {
            var (best, overlap) = (-1, SameOverlap);
            for (var i = 0; i < got.Count; i++)
            {
                if (!taken[i] && got[i].Class == box.Class && got[i].Overlap(box) is var o && o >= overlap)
                {
                    (best, overlap) = (i, o);
                }
            }

            if (best >= 0)
            {
                taken[best] = true;
                pairs++;
            }
        }

        return pairs;
    }

    private static string Text(IReadOnlyList<Box> boxes)
    {
        const int Few = 5;
        return boxes.Count == 0 ? "nothing" : string.Join("; ", boxes.Take(Few)) + (boxes.Count > Few ? $"; {boxes.Count - Few} more" : "");
    }
}
