using System.Globalization;
using OnnxCompress.Samples;
using OnnxCompress.Verification;
using OnnxCompress.Verification.Decisions;

namespace OnnxCompress.Reporting.Shown;

/// <summary>Picks the changes that a report shows, with the pictures that belong to them; both are bounded.</summary>
/// <param name="samples">The samples that were looked at; null: there are no pictures.</param>
/// <param name="preprocessing">What was done to them; null: not known.</param>
internal sealed class ChangeGallery(ISampleSource? samples, ReportedPreprocessing? preprocessing)
{
    /// <summary>Changes of each rule.</summary>
    public const int MostChanges = 8;

    /// <summary>Bytes of all pictures; what comes later is told in words.</summary>
    public const int MostBytes = 2 << 20;

    // Boxes in shares of the picture do not go far beyond it.
    private const double WholePicture = 2;

    private readonly SamplePicture _picture = new(preprocessing);
    private readonly Dictionary<int, ShownPicture?> _pictures = [];
    private int _bytes;

    /// <summary>What is shown of each rule; rules of which nothing changed are left out.</summary>
    public IReadOnlyList<ShownRule> Of(VerificationResult verification) =>
        [.. verification.ByRule.Select(rule => new ShownRule(rule.Output, rule.Kind, [.. Changes(rule)])).Where(rule => rule.Changes.Count > 0)];

    private IEnumerable<ShownChange> Changes(DecisionResult rule) => rule.Kind == DecisionKind.Pixels
        ? rule.ChangedPixels.Take(MostChanges).Select(OfPixels)
        : rule.Changed.Take(MostChanges).Select(OfOne);

    private ShownChange OfPixels(PixelChanges change)
    {
        var (picture, pixels) = (PictureOf(change.Sample), SamplePicture.OfFlags(change.Changed, change.Width));
        return new(
            Title(change.Sample, 0), "", string.Create(CultureInfo.InvariantCulture, $"{change.Count:N0} of {change.Counted:N0} pixels changed"))
        {
            Picture = picture,
            Pixels = Take(pixels),
        };
    }

    private ShownChange OfOne(ChangedDecision change)
    {
        var picture = PictureOf(change.Sample);
        string Said(long decision) => change.NamesSamples ? Title((int)decision, 0) : decision.ToString(CultureInfo.InvariantCulture);
        return new(Title(change.Sample, change.Position), change.OriginalText ?? Said(change.Original), change.CompressedText ?? Said(change.Compressed))
        {
            Picture = picture,
            OriginalBoxes = Drawn(change.OriginalBoxes, change, picture),
            CompressedBoxes = Drawn(change.CompressedBoxes, change, picture),
            OriginalNeighbour = change.NamesSamples && picture is not null ? PictureOf((int)change.Original) : null,
            CompressedNeighbour = change.NamesSamples && picture is not null ? PictureOf((int)change.Compressed) : null,
        };
    }

    // A detector says corners in pixels or in shares of the picture.
    private static Box[] Drawn(IReadOnlyList<Box> boxes, ChangedDecision change, ShownPicture? picture)
    {
        if (picture is null)
        {
            return [];
        }

        var isShare = change.OriginalBoxes.Concat(change.CompressedBoxes).All(box => Math.Max(Math.Abs(box.Right), Math.Abs(box.Bottom)) <= WholePicture);
        var (x, y) = isShare ? (picture.Width, picture.Height) : (1, 1);
        double Inside(double value, int size) => Math.Clamp(value, 0, size);
        return
        [
            .. boxes
                .Where(box => double.IsFinite(box.Left + box.Top + box.Right + box.Bottom))
                .Select(box => box with
                {
                    Left = Inside(box.Left * x, picture.Width), Top = Inside(box.Top * y, picture.Height),
                    Right = Inside(box.Right * x, picture.Width), Bottom = Inside(box.Bottom * y, picture.Height),
                })
                .Where(box => box.Right > box.Left && box.Bottom > box.Top),
        ];
    }

    private string Title(int sample, int position)
    {
        var (origin, file) = ReportedChange.Place(sample, samples);
        return string.Create(CultureInfo.InvariantCulture, $"sample {origin}{(file is null ? "" : $" of {file}")}{(position == 0 ? "" : $", position {position}")}");
    }

    private ShownPicture? PictureOf(int sample)
    {
        if (samples is null || _bytes >= MostBytes)
        {
            return null;
        }

        if (!_pictures.TryGetValue(sample, out var picture))
        {
            _pictures[sample] = picture = _picture.Of(samples.Read([sample]));
        }

        return picture is null ? null : Take(picture);
    }

    // A picture that is shown twice is in the page twice.
    private ShownPicture? Take(ShownPicture picture)
    {
        if (_bytes + picture.Png.Length > MostBytes)
        {
            return null;
        }

        _bytes += picture.Png.Length;
        return picture;
    }
}
