namespace OnnxCompress.Verification.Decisions;

/// <summary>
/// Nearest neighbours: for each sample, which of the others its output vector points to most nearly. A search or a comparison of
/// faces decides so; that all vectors turn alike changes nothing.
/// </summary>
/// <param name="output">The output whose values are one vector for each sample.</param>
internal sealed class EmbeddingDecisions(string output) : OutputDecisions(DecisionKind.Embedding, output)
{
    /// <summary>Different samples that are compared, the first: each is held against each.</summary>
    public const int MostSamples = 500;

    private readonly List<float[]> _expected = [];
    private readonly List<float[]>[] _actual = [.. Times.Select(_ => new List<float[]>())];
    private readonly List<int> _samples = [];
    private double _cosine;
    private int _compared;

    /// <inheritdoc />
    public override void Add(DecisionBatch batch, int stretch)
    {
        for (var sample = 0; sample < batch.Samples; sample++)
        {
            if (!batch.IsNew[sample] || _actual[stretch].Count == MostSamples)
            {
                continue;
            }

            _actual[stretch].Add(Direction(batch.Of(batch.Actual[0], sample)));
            if (stretch == 0)
            {
                _expected.Add(Direction(batch.Of(batch.Expected[0], sample)));
                _samples.Add(batch.Indices[sample]);
            }
        }
    }

    /// <inheritdoc />
    public override void Complete()
    {
        // Of one sample there is no other, so that nothing decides.
        if (_expected.Count > 1)
        {
            CountNeighbours();
        }

        // Vectors of another model are not held against these.
        foreach (var vectors in _actual.Append(_expected))
        {
            vectors.Clear();
        }

        _samples.Clear();
    }

    /// <inheritdoc />
    protected override IEnumerable<DecisionFigure> Figures() => _compared == 0 ? [] :
        [new("meanCosine", "mean cosine to the original", _cosine / _compared)];

    private void CountNeighbours()
    {
        _compared += _expected.Count;
        var wanted = Nearest(_expected);
        for (var stretch = 0; stretch < Times.Length; stretch++)
        {
            if (_actual[stretch].Count != _expected.Count)
            {
                continue;
            }

            var got = Nearest(_actual[stretch]);
            for (var i = 0; i < wanted.Length; i++)
            {
                Count(stretch, isNew: true, 1, wanted[i].Index == got[i].Index ? 1 : 0);
                if (stretch == 0)
                {
                    _cosine += Dot(_expected[i], _actual[0][i]);
                    Note(i, wanted[i], got[i]);
                }
            }
        }
    }

    private void Note(int sample, (int Index, double Cosine) wanted, (int Index, double Cosine) got)
    {
        if (wanted.Index != got.Index)
        {
            Changes.Add(new(
                _samples[sample], 0, _samples[wanted.Index], _samples[got.Index],
                wanted.Cosine - Dot(_expected[sample], _expected[got.Index]),
                got.Cosine - Dot(_actual[0][sample], _actual[0][wanted.Index]))
            {
                NamesSamples = true,
            });
        }
    }

    private static (int Index, double Cosine)[] Nearest(List<float[]> vectors)
    {
        var nearest = new (int Index, double Cosine)[vectors.Count];
        Array.Fill(nearest, (-1, double.NegativeInfinity));
        for (var i = 0; i < vectors.Count; i++)
        {
            for (var j = i + 1; j < vectors.Count; j++)
            {
                var cosine = Dot(vectors[i], vectors[j]);
                // Of equals the first stays.
                nearest[i] = cosine > nearest[i].Cosine ? (j, cosine) : nearest[i];
                nearest[j] = cosine > nearest[j].Cosine ? (i, cosine) : nearest[j];
            }
        }

        return nearest;
    }

    private static float[] Direction(ReadOnlySpan<double> vector)
    {
        double squares = 0;
        foreach (var value in vector)
        {
            squares += value * value;
        }

        var scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        var direction = new float[vector.Length];
        for (var i = 0; i < direction.Length; i++)
        {
            direction[i] = (float)(vector[i] * scale);
        }

        return direction;
    }

    private static double Dot(float[] a, float[] b)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += (double)a[i] * b[i];
        }

        return sum;
    }
}
