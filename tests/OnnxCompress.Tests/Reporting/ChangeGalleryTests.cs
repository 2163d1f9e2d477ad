using OnnxCompress.Models;
using OnnxCompress.Reporting;
using OnnxCompress.Reporting.Html;
using OnnxCompress.Reporting.Shown;
using OnnxCompress.Samples;
using OnnxCompress.Verification;
using OnnxCompress.Verification.Decisions;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace OnnxCompress.Tests.Reporting;

/// <summary>What a page shows of decisions that changed.</summary>
public sealed class ChangeGalleryTests
{
    private const int Side = 16;

    private static readonly ReportedPreprocessing Bytes = new("nchw", 1 / 255.0, [0.5], [0.25], null, null, null);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Boxes_lie_over_the_picture_that_was_stored(bool areShares)
    {
        var by = areShares ? 1.0 / Side : 1;
        var change = new ChangedDecision(3, 0, 1, 2, null, null)
        {
            OriginalBoxes = [new(2 * by, 4 * by, 8 * by, 12 * by, 7, 0.9)],
            CompressedBoxes = [new(1 * by, 4 * by, 8 * by, 20 * by, 7, 0.8), new(double.NaN, 0, 1, 1, 0, 0.5)],
        };

        var shown = One(DecisionKind.Detection, new Pictures(Side, Side), Bytes, change);

        Assert.Equal((2.0, 4.0, 8.0, 12.0), Corners(Assert.Single(shown.OriginalBoxes)));
        Assert.Equal((1.0, 4.0, 8.0, 16.0), Corners(Assert.Single(shown.CompressedBoxes)));
        using var picture = Image.Load<Rgb24>(shown.Picture!.Png);
        Assert.Equal((Side, Side), (picture.Width, picture.Height));
        // Sample 3: each pixel is the sum of its place, its channel and its number.
        Assert.Equal(new Rgb24(Pictures.At(3, 0, 5, 9), Pictures.At(3, 1, 5, 9), Pictures.At(3, 2, 5, 9)), picture[9, 5]);
    }

    [Fact]
    public void Where_nothing_is_known_of_the_numbers_the_least_is_black_and_the_greatest_white()
    {
        var shown = One(DecisionKind.ArgMax, new Pictures(Side, Side), preprocessing: null, new ChangedDecision(0, 0, 4, 5, 1, 1));

        using var picture = Image.Load<Rgb24>(shown.Picture!.Png);
        var all = Enumerable.Range(0, Side * Side).Select(i => picture[i % Side, i / Side]).SelectMany(p => new[] { p.R, p.G, p.B }).ToArray();
        Assert.Equal((0, 255), (all.Min(), all.Max()));
        Assert.Equal(("4", "5"), (shown.Original, shown.Compressed));
    }

    [Fact]
    public void Large_pictures_are_made_smaller_and_all_together_are_bounded()
    {
        var changes = Enumerable.Range(0, 50).Select(i => new ChangedDecision(i, 0, 1, 2, null, null)).ToArray();
        var results = Enumerable.Range(0, 6).Select(i => new DecisionResult($"y{i}", DecisionKind.ArgMax, 100, 50) { Changed = changes }).ToArray();

        var rules = new ChangeGallery(new Pictures(300, 600, isNoise: true), Bytes).Of(new VerificationResult(100, 100, 50, 0, [], null) { ByRule = results });

        Assert.Equal(6, rules.Count);
        Assert.All(rules, rule => Assert.Equal(ChangeGallery.MostChanges, rule.Changes.Count));
        var pictures = rules.SelectMany(rule => rule.Changes).Select(change => change.Picture).ToArray();
        Assert.Contains(pictures, picture => picture is null);
        Assert.InRange(pictures.Sum(picture => picture?.Png.Length ?? 0), ChangeGallery.MostBytes / 2, ChangeGallery.MostBytes);
        using var first = Image.Load(pictures[0]!.Png);
        Assert.Equal((600, 300, 256, 128), (pictures[0]!.Width, pictures[0]!.Height, first.Width, first.Height));
    }

    [Fact]
    public void Neighbours_are_shown_and_named_by_the_place_that_they_have_in_the_data()
    {
        var samples = new SubsetSampleSource(new Pictures(Side, Side), [10, 20, 30]);
        var change = new ChangedDecision(0, 0, 1, 2, 0.1, 0.1) { NamesSamples = true };

        var shown = One(DecisionKind.Embedding, samples, Bytes, change);
        var reported = ReportedChange.From(change, samples);

        Assert.Equal((10, 20L, 30L), (reported.Sample, reported.Original, reported.Compressed));
        Assert.Equal(("sample 10", "sample 20", "sample 30"), (shown.Title, shown.Original, shown.Compressed));
        using var neighbour = Image.Load<Rgb24>(shown.CompressedNeighbour!.Png);
        Assert.Equal(Pictures.At(30, 0, 2, 3), neighbour[3, 2].R);
    }

    [Fact]
    public void Samples_that_are_no_pictures_have_none()
    {
        var shown = One(DecisionKind.ArgMax, new Verification.Rows(5), preprocessing: null, new ChangedDecision(0, 0, 4, 5, 1, 1));

        Assert.Null(shown.Picture);
        Assert.Equal("", GallerySection.Write([new ShownRule("y", DecisionKind.ArgMax, [shown])]));
    }

    [Fact]
    public void Changed_pixels_lie_over_the_picture()
    {
        var flags = new bool[4 * 8];
        flags[(2 * 8) + 5] = true;
        var result = new DecisionResult("mask", DecisionKind.Pixels, 32, 31) { ChangedPixels = [new(2, 8, flags, 1, 32)] };

        var shown = Assert.Single(Assert.Single(new ChangeGallery(new Pictures(Side, 2 * Side), Bytes).Of(new VerificationResult(1, 32, 31, 0, [], null) { ByRule = [result] })).Changes);

        using var pixels = Image.Load<Rgba32>(shown.Pixels!.Png);
        Assert.Equal((8, 4), (pixels.Width, pixels.Height));
        Assert.Equal([(5, 2)], Enumerable.Range(0, 32).Select(i => (X: i % 8, Y: i / 8)).Where(p => pixels[p.X, p.Y].A != 0));
        Assert.Contains("1 of 32 pixels changed", GallerySection.Write([new ShownRule("mask", DecisionKind.Pixels, [shown])]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1 2 3 4", "1 3 5 4", "1 [2] 3 4", "1 3 [5] 4")]
    [InlineData("", "7 7", "", "[7] [7]")]
    [InlineData("7", "7", "7", "7")]
    public void Texts_are_marked_where_they_differ(string one, string other, string markedOne, string markedOther)
    {
        static string Text(IEnumerable<(string Word, bool IsCommon)> words) => string.Join(' ', words.Select(w => w.IsCommon ? w.Word : $"[{w.Word}]"));

        var (before, after) = TextDifference.Marked(one, other);

        Assert.Equal((markedOne, markedOther), (Text(before), Text(after)));
    }

    private static ShownChange One(DecisionKind kind, ISampleSource samples, ReportedPreprocessing? preprocessing, ChangedDecision change) =>
        Assert.Single(Assert.Single(new ChangeGallery(samples, preprocessing).Of(
            new VerificationResult(1, 1, 0, 0, [], null) { ByRule = [new DecisionResult("y", kind, 1, 0) { Changed = [change] }] })).Changes);

    private static (double, double, double, double) Corners(Box box) => (box.Left, box.Top, box.Right, box.Bottom);

    /// <summary>Pictures of three channels as a model is fed with them.</summary>
    private sealed class Pictures(int height, int width, bool isNoise = false) : ISampleSource
    {
        public int Count => 100;

        public static byte At(int sample, int channel, int y, int x) => (byte)((sample * 3) + (channel * 40) + (y * 5) + x);

        public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
        {
            var sample = indices[0];
            var random = new Random(sample);
            var values = new float[3 * height * width];
            for (var i = 0; i < values.Length; i++)
            {
                var stored = isNoise ? random.Next(256) : At(sample, i / (height * width), i / width % height, i % width);
                values[i] = (float)(((stored / 255.0) - 0.5) / 0.25);
            }

            return [new("x", ElementType.Float, [1, 3, height, width], values)];
        }
    }
}
