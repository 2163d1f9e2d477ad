namespace OnnxCompress.Samples;

/// <summary>
/// Sizes to try for kinds of axes. Kinds that hang together turn on one dial, as the sides of pictures do; several dials turn so
/// that likely sizes of all come before unlikely ones of any.
/// </summary>
internal sealed class SizeDials
{
    private static readonly AxisKind[][] Together =
        [[AxisKind.Weighed], [AxisKind.Past], [AxisKind.Channels], [AxisKind.Height, AxisKind.Width], [AxisKind.Length], [AxisKind.Chunk], [AxisKind.Recording]];

    private readonly (AxisKind[] Kinds, long[][] Rows)[] _dials;

    /// <summary>Sets up the dials.</summary>
    /// <param name="kinds">The kinds that sizes are needed of.</param>
    /// <param name="known">Sizes that the user has given for axes of a kind: they come first.</param>
    public SizeDials(IReadOnlySet<AxisKind> kinds, IReadOnlyDictionary<AxisKind, long> known) => _dials =
    [
        .. Together.Where(dial => dial.Any(kinds.Contains)).Select(dial => (dial, (long[][])[.. Given(dial, known), .. Rows(dial[0])])),
    ];

    /// <summary>All settings, the likeliest first: the size of each kind.</summary>
    public IEnumerable<IReadOnlyDictionary<AxisKind, long>> Settings()
    {
        for (var steps = 0; steps <= _dials.Sum(dial => dial.Rows.Length - 1); steps++)
        {
            foreach (var turns in Turns(0, steps))
            {
                yield return turns.Zip(_dials)
                    .SelectMany(turn => turn.Second.Kinds.Zip(turn.Second.Rows[turn.First]))
                    .ToDictionary(size => size.First, size => size.Second);
            }
        }
    }

    /// <summary>All ways to turn the dials from one on by so many steps together.</summary>
    private IEnumerable<int[]> Turns(int dial, int steps)
    {
        if (dial == _dials.Length)
        {
            return steps == 0 ? [[]] : [];
        }

        return Enumerable.Range(0, Math.Min(steps, _dials[dial].Rows.Length - 1) + 1).SelectMany(turn => Turns(dial + 1, steps - turn).Select(rest => (int[])[turn, .. rest]));
    }

    private static long[][] Given(AxisKind[] dial, IReadOnlyDictionary<AxisKind, long> known) =>
        dial.Any(known.ContainsKey) ? [[.. dial.Select(kind => known.TryGetValue(kind, out var size) ? size : known[dial.First(known.ContainsKey)])]] : [];

    private static long[][] Rows(AxisKind kind) => kind switch
    {
        AxisKind.Weighed => Each(0, 1),
        AxisKind.Past => Each(0, 16, 1),
        AxisKind.Channels => Each(3, 1, 4),
        AxisKind.Height => [[224, 224], [256, 256], [320, 320], [48, 192], [32, 128], [64, 64], [640, 640], [512, 512], [384, 384], [128, 128], [112, 112], [96, 96], [48, 48], [32, 32], [28, 28], [299, 299], [416, 416]],
        AxisKind.Chunk => Each(512, 1536, 256, 1024, 16000, 480, 160, 64, 16),
        AxisKind.Recording => Each(16000, 512, 1536, 48000, 1024, 256),
        _ => Each(16, 32, 64, 128, 512, 256, 8, 1, 77, 1024, 1536, 3000),
    };

    private static long[][] Each(params long[] sizes) => [.. sizes.Select(size => (long[])[size])];
}
