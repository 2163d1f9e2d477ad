using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Tests.Testing;

/// <summary>
/// A detector of filled squares and rings in three sizes, made by construction: random filters with both signs, whose linear part
/// is known, matched filters of each shape behind them among random ones, and scores from those. Its output is that of YOLO from
/// version 8 on: centre, size and two classes for each of 768 anchors.
/// </summary>
internal static class TinyDetector
{
    /// <summary>Pixels of a side.</summary>
    public const int Side = 32;

    private const int Filters = 6, Hidden = 16, Cells = 16, Kernel = 9, Classes = 2;

    private const double Stir = 0.02;

    private static readonly int[] Sizes = [3, 5, 7];

    /// <summary>The model: input <c>image</c>, float <c>N,1,32,32</c> in [0, 1]; output <c>boxes</c>, float <c>N,6,768</c>.</summary>
    public static OnnxModel Model()
    {
        var (test, random) = (new TestModel(), new Random(5));
        test.Input("image", "N", 1, Side, Side);
        float[][] filters = [.. Enumerable.Range(0, Filters).Select(_ => ZeroMean(random))];
        double[] mix = [.. Enumerable.Range(0, Filters).Select(_ => random.NextDouble() - 0.5)];
        test.Floats("f.w", [2 * Filters, 1, 3, 3], [.. filters.SelectMany(f => f), .. filters.SelectMany(f => f.Select(v => -v))]);
        test.Node("Conv", "f", ["image", "f.w"], ("pads", new long[] { 1, 1, 1, 1 }));
        test.Floats("m.w", [Hidden, 2 * Filters, Kernel, Kernel], Matched(filters, mix, random));
        test.Node("Conv", "m", [test.Relu("f.r", "f"), "m.w"], ("pads", new long[] { 4, 4, 4, 4 }), ("strides", new long[] { 2, 2 }));
        // A matched filter answers 1 to its shape; others answer hardly, and the random ones stir a little.
        var shapes = Classes * Sizes.Length;
        test.Floats("s.w", [shapes, Hidden, 1, 1], [.. Enumerable.Range(0, shapes * Hidden).Select(i => i % Hidden == i / Hidden ? 12f : (float)(0.3 * (random.NextDouble() - 0.5)))]);
        test.Floats("s.b", [shapes], [.. Enumerable.Repeat(-9f, shapes)]);
        test.Node("Conv", "s", [test.Relu("m.r", "m"), "s.w", "s.b"]);
        var anchors = Sizes.Length * Cells * Cells;
        test.Node("Sigmoid", "scores", [test.Node("Reshape", "flat", ["s", test.Integers("shape", 0, Classes, anchors)])]);
        // The boxes of anchors are constants, one copy for each sample.
        test.Floats("anchors", [1, 4, anchors], Anchors());
        var none = test.Node("Mul", "none", [test.Node("ReduceMax", "most", ["scores"], ("axes", new long[] { 1 })), test.Scalar("zero", 0)]);
        test.Node("Concat", "boxes", [test.Node("Add", "places", [none, "anchors"]), "scores"], ("axis", 1L));
        return test.Output("boxes", "N", 4 + Classes, anchors).Build();
    }

    /// <summary>Dark pictures with one to three bright shapes; another seed, other pictures.</summary>
    public static ISampleSource Pictures(int count, int seed) => new Shapes(count, seed);

    private static float[] ZeroMean(Random random)
    {
        float[] filter = [.. Enumerable.Range(0, 9).Select(_ => (float)(random.NextDouble() - 0.5))];
        var mean = filter.Average();
        return [.. filter.Select(v => v - mean)];
    }

    // What a mix of the filters makes of the shape, read from the positive channels and taken off by the negative ones.
    private static float[] Matched(float[][] filters, double[] mix, Random random)
    {
        double[] both = [.. Enumerable.Range(0, 9).Select(tap => filters.Zip(mix, (f, a) => a * f[tap]).Sum())];
        var weights = new float[Hidden * 2 * Filters * Kernel * Kernel];
        for (var shape = 0; shape < Hidden; shape++)
        {
            double[] template = shape < Classes * Sizes.Length
                ? Filtered(both, Sizes[shape % Sizes.Length], isRing: shape / Sizes.Length == 1)
                : [.. Enumerable.Range(0, Kernel * Kernel).Select(_ => 0.01 * (random.NextDouble() - 0.5))];
            var energy = shape < Classes * Sizes.Length ? template.Sum(v => v * v) : 1;
            for (var channel = 0; channel < 2 * Filters; channel++)
            {
                var sign = channel < Filters ? mix[channel] : -mix[channel - Filters];
                for (var i = 0; i < template.Length; i++)
                {
                    // A little of its own for each weight, so that nothing can go for nothing.
                    weights[(((shape * 2 * Filters) + channel) * template.Length) + i] = (float)((sign * template[i] / energy) + (Stir * (random.NextDouble() - 0.5)));
                }
            }
        }

        return weights;
    }

    private static double[] Filtered(double[] filter, int size, bool isRing)
    {
        var picture = new float[Kernel, Kernel];
        Draw(picture, Kernel / 2, Kernel / 2, size, isRing);
        var filtered = new double[Kernel * Kernel];
        for (var i = 0; i < filtered.Length; i++)
        {
            for (var tap = 0; tap < 9; tap++)
            {
                var (y, x) = ((i / Kernel) + (tap / 3) - 1, (i % Kernel) + (tap % 3) - 1);
                filtered[i] += y is >= 0 and < Kernel && x is >= 0 and < Kernel ? filter[tap] * picture[y, x] : 0;
            }
        }

        return filtered;
    }

    private static void Draw(float[,] picture, int middleY, int middleX, int size, bool isRing)
    {
        for (var i = 0; i < size * size; i++)
        {
            var (y, x) = (i / size, i % size);
            if (!isRing || y == 0 || x == 0 || y == size - 1 || x == size - 1)
            {
                picture[middleY - (size / 2) + y, middleX - (size / 2) + x] += 1;
            }
        }
    }

    private static float[] Anchors()
    {
        var boxes = new float[4 * Sizes.Length * Cells * Cells];
        var anchors = boxes.Length / 4;
        for (var i = 0; i < anchors; i++)
        {
            var (cell, size) = (i % (Cells * Cells), Sizes[i / (Cells * Cells)]);
            (boxes[i], boxes[anchors + i]) = ((2 * (cell % Cells)) + 0.5f, (2 * (cell / Cells)) + 0.5f);
            (boxes[(2 * anchors) + i], boxes[(3 * anchors) + i]) = (size, size);
        }

        return boxes;
    }

    private sealed class Shapes(int count, int seed) : ISampleSource
    {
        public int Count => count;

        public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
        {
            var values = new List<float>();
            foreach (var index in indices)
            {
                values.AddRange(One(new Random((seed * 100_003) + index)));
            }

            return [new HostTensor("image", ElementType.Float, [indices.Length, 1, Side, Side], values.ToArray())];
        }

        private static IEnumerable<float> One(Random random)
        {
            var picture = new float[Side, Side];
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                // On the grid of the anchors and away from the border.
                var (y, x) = (2 * random.Next(3, Cells - 3), 2 * random.Next(3, Cells - 3));
                Draw(picture, y, x, Sizes[random.Next(Sizes.Length)], random.Next(2) == 1);
            }

            for (var i = 0; i < Side * Side; i++)
            {
                yield return (float)Math.Clamp((0.9 * picture[i / Side, i % Side]) + (0.1 * random.NextDouble()), 0, 1);
            }
        }
    }
}
