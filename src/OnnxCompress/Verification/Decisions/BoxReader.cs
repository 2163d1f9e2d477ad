using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Verification.Decisions;

/// <summary>Reads boxes off the outputs of a detector, in the layouts of <see cref="BoxLayout"/>.</summary>
/// <param name="outputs">The outputs: one, boxes and scores, or boxes, scores and classes.</param>
internal sealed class BoxReader(IReadOnlyList<string> outputs)
{
    /// <summary>Below this score a box is not there.</summary>
    public const double LeastScore = 0.25;

    /// <summary>Boxes of one class that overlap more are one object.</summary>
    public const double MostOverlap = 0.45;

    private const int Corners = 4;
    private const int MostCandidates = 1000;

    private BoxLayout? _layout;

    /// <summary>The outputs that hold boxes: the named one, or those that shapes and names give away.</summary>
    /// <param name="model">The detector.</param>
    /// <param name="output">The named one; null: none.</param>
    public static IReadOnlyList<string> Find(OnnxModel model, string? output)
    {
        var numeric = model.Outputs.Where(o => OutputValues.IsNumeric(o.Type)).ToList();
        if (output is not null || numeric.Count < 2)
        {
            return [output ?? numeric[0].Name];
        }

        bool Named(TensorInfo o, params string[] words) => words.Any(word => o.Name.Contains(word, StringComparison.OrdinalIgnoreCase));
        var boxes = numeric.FirstOrDefault(o => Named(o, "box", "loc")) ?? numeric.FirstOrDefault(o => o.Dims is { Count: > 1 } dims && dims[^1].Value == Corners);
        var scores = numeric.FirstOrDefault(o => o != boxes && Named(o, "score", "conf", "prob")) ?? numeric.FirstOrDefault(o => o != boxes && !Named(o, "label", "class", "num") && o.Type.IsFloatingPoint());
        var classes = numeric.FirstOrDefault(o => o != boxes && o != scores && Named(o, "label", "class"));
        return boxes is null || scores is null ? [numeric[0].Name] : classes is null ? [boxes.Name, scores.Name] : [boxes.Name, scores.Name, classes.Name];
    }

    /// <summary>The boxes of one sample, the surest first.</summary>
    /// <param name="batch">What was run.</param>
    /// <param name="values">The outputs of one of the models.</param>
    /// <param name="sample">Which sample of the batch.</param>
    /// <exception cref="OnnxCompressException">OCX7003: no layout that is known.</exception>
    public IReadOnlyList<Box> Read(DecisionBatch batch, IReadOnlyList<OutputValues> values, int sample)
    {
        // What the original says first tells how all of it is written.
        _layout ??= Layout(values, batch.Size);
        var found = Candidates(batch, values, sample).Where(box => box.Score >= LeastScore).OrderByDescending(box => box.Score).Take(MostCandidates);
        return _layout is BoxLayout.Finished or BoxLayout.FinishedOfAll or BoxLayout.FinishedInParts ? [.. found] : Suppressed(found);
    }

    private BoxLayout Layout(IReadOnlyList<OutputValues> values, int size)
    {
        var dims = values[0].Dims;
        if (values.Count > 1 && dims is [.., Corners] && values.All(v => v.Dims.Count > 0))
        {
            return values.Count == 3 ? BoxLayout.FinishedInParts : BoxLayout.BoxesAndScores;
        }

        if (values.Count == 1 && dims.Count == 2 && dims[1] == 7)
        {
            return BoxLayout.FinishedOfAll;
        }

        if (values.Count != 1 || dims.Count != 3 || dims[0] != size || Math.Min(dims[1], dims[2]) <= Corners)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer,
                $"The output '{outputs[0]}' has the shape [{string.Join(',', dims)}], which --decision detection does not know as boxes; docs/guide-decisions.md lists the layouts.");
        }

        return dims[2] == 6 && HasWholeClasses(values[0].Values) ? BoxLayout.Finished
            : dims[1] < dims[2] ? BoxLayout.ClassesByAnchors : BoxLayout.AnchorsWithSureness;
    }

    // A score among classes is hardly ever whole for every box.
    private static bool HasWholeClasses(ReadOnlySpan<double> values)
    {
        for (var i = 0; i < values.Length; i += 6)
        {
            if (values[i + 5] != Math.Floor(values[i + 5]) || values[i + 4] is < 0 or > 1)
            {
                return false;
            }
        }

        return true;
    }

    private List<Box> Candidates(DecisionBatch batch, IReadOnlyList<OutputValues> values, int sample) => _layout switch
    {
        BoxLayout.FinishedInParts => InParts(batch, values, sample),
        BoxLayout.BoxesAndScores => Pairs(batch, values, sample),
        BoxLayout.FinishedOfAll => OfAll(values[0].Values, sample),
        BoxLayout.Finished => Finished(batch.Of(values[0], sample)),
        BoxLayout.ClassesByAnchors => ClassesByAnchors(batch.Of(values[0], sample), (int)values[0].Dims[1], (int)values[0].Dims[2]),
        _ => WithSureness(batch.Of(values[0], sample), (int)values[0].Dims[2]),
    };

    private static List<Box> Finished(ReadOnlySpan<double> rows)
    {
        var boxes = new List<Box>();
        for (var i = 0; i + 6 <= rows.Length; i += 6)
        {
            boxes.Add(new(rows[i], rows[i + 1], rows[i + 2], rows[i + 3], (int)Math.Round(rows[i + 5]), rows[i + 4]));
        }

        return boxes;
    }

    private static List<Box> OfAll(ReadOnlySpan<double> rows, int sample)
    {
        var boxes = new List<Box>();
        for (var i = 0; i + 7 <= rows.Length; i += 7)
        {
            if ((int)Math.Round(rows[i]) == sample)
            {
                boxes.Add(new(rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4], (int)Math.Round(rows[i + 5]), rows[i + 6]));
            }
        }

        return boxes;
    }

    private static List<Box> ClassesByAnchors(ReadOnlySpan<double> head, int rows, int anchors)
    {
        var boxes = new List<Box>();
        for (var a = 0; a < anchors; a++)
        {
            var (best, score) = Best(head[((Corners * anchors) + a)..], anchors, rows - Corners);
            if (score >= LeastScore)
            {
                boxes.Add(Centred(head[a], head[anchors + a], head[(2 * anchors) + a], head[(3 * anchors) + a], best, score));
            }
        }

        return boxes;
    }

    private static List<Box> WithSureness(ReadOnlySpan<double> head, int columns)
    {
        var boxes = new List<Box>();
        for (var i = 0; i + columns <= head.Length; i += columns)
        {
            var (best, score) = columns == Corners + 1 ? (0, 1.0) : Best(head[(i + Corners + 1)..], 1, columns - Corners - 1);
            if (score * head[i + Corners] >= LeastScore)
            {
                boxes.Add(Centred(head[i], head[i + 1], head[i + 2], head[i + 3], best, score * head[i + Corners]));
            }
        }

        return boxes;
    }

    private static List<Box> InParts(DecisionBatch batch, IReadOnlyList<OutputValues> values, int sample)
    {
        var corners = batch.Of(values[0], sample);
        var scores = batch.Of(values[1], sample);
        var classes = batch.Of(values[2], sample);
        var boxes = new List<Box>();
        for (var i = 0; i < Math.Min(scores.Length, Math.Min(classes.Length, corners.Length / Corners)); i++)
        {
            boxes.Add(new(corners[Corners * i], corners[(Corners * i) + 1], corners[(Corners * i) + 2], corners[(Corners * i) + 3], (int)Math.Round(classes[i]), scores[i]));
        }

        return boxes;
    }

    private static List<Box> Pairs(DecisionBatch batch, IReadOnlyList<OutputValues> values, int sample)
    {
        var corners = batch.Of(values[0], sample);
        var scores = batch.Of(values[1], sample);
        var anchors = corners.Length / Corners;
        var classes = anchors == 0 ? 0 : scores.Length / anchors;
        // Scores lie class by class where the anchors are the last axis.
        var (step, stride) = values[1].Dims[^1] == anchors && classes != anchors && values[1].Dims.Count > 2 ? (1, anchors) : (classes, 1);
        var hasBackground = classes > 1 && anchors > 0 && ClassReader.IsProbability(scores, stride, classes);
        var boxes = new List<Box>();
        for (var a = 0; a < anchors; a++)
        {
            var first = hasBackground ? stride : 0;
            var (best, score) = Best(scores[((a * step) + first)..], stride, classes - (hasBackground ? 1 : 0));
            if (score >= LeastScore)
            {
                boxes.Add(new(corners[Corners * a], corners[(Corners * a) + 1], corners[(Corners * a) + 2], corners[(Corners * a) + 3], best, score));
            }
        }

        return boxes;
    }

    private static (int Class, double Score) Best(ReadOnlySpan<double> scores, int stride, int classes)
    {
        var (best, score) = (0, double.NegativeInfinity);
        for (var c = 0; c < classes; c++)
        {
            if (scores[c * stride] > score)
            {
                (best, score) = (c, scores[c * stride]);
            }
        }

        return (best, score);
    }

    private static Box Centred(double x, double y, double width, double height, int @class, double score) =>
        new(x - (width / 2), y - (height / 2), x + (width / 2), y + (height / 2), @class, score);

    // Greedy: the surest box of a class takes those that it overlaps.
    private static List<Box> Suppressed(IEnumerable<Box> sorted)
    {
        var kept = new List<Box>();
        foreach (var box in sorted)
        {
            if (!kept.Exists(other => other.Class == box.Class && other.Overlap(box) > MostOverlap))
            {
                kept.Add(box);
            }
        }

        return kept;
    }
}
