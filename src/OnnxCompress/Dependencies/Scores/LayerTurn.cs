using OnnxCompress.Numerics;

namespace OnnxCompress.Dependencies.Scores;

/// <summary>What a layer that makes queries or keys, or both, makes in place of what the original made: <c>y T</c> for y.</summary>
/// <param name="Heads">Its heads, no two of which share a place; what lies in none stays.</param>
internal sealed record LayerTurn(IReadOnlyList<HeadTurn> Heads)
{
    /// <summary>This, and then more of some heads.</summary>
    /// <param name="more">With the places of heads of this.</param>
    public LayerTurn Then(IReadOnlyList<HeadTurn> more)
    {
        var next = more.ToDictionary(h => h.Places[0], h => h.Basis);
        return new LayerTurn([.. Heads.Select(h => next.TryGetValue(h.Places[0], out var basis) ? h with { Basis = Product(h.Basis, basis) } : h)]);
    }

    /// <summary>Turns what is made of one input, or the bias, in place.</summary>
    public void Apply(Span<double> outputs)
    {
        foreach (var (places, basis) in Heads)
        {
            var old = new double[places.Length];
            for (var i = 0; i < old.Length; i++)
            {
                old[i] = outputs[places[i]];
            }

            for (var j = 0; j < old.Length; j++)
            {
                double sum = 0;
                for (var i = 0; i < old.Length; i++)
                {
                    sum += old[i] * basis[i, j];
                }

                outputs[places[j]] = sum;
            }
        }
    }

    /// <summary>The same of floats.</summary>
    public float[] Of(ReadOnlySpan<float> outputs)
    {
        var turned = new double[outputs.Length];
        for (var i = 0; i < turned.Length; i++)
        {
            turned[i] = outputs[i];
        }

        Apply(turned);
        return Array.ConvertAll(turned, v => (float)v);
    }

    /// <summary>Turns a weight in place.</summary>
    /// <param name="weight"><c>outputs x inputs</c>.</param>
    public void ApplyToRows(Matrix<double> weight)
    {
        foreach (var (places, basis) in Heads)
        {
            var old = new Matrix<double>(places.Length, weight.Columns);
            for (var i = 0; i < places.Length; i++)
            {
                weight.Row(places[i]).CopyTo(old.Row(i));
            }

            for (var j = 0; j < places.Length; j++)
            {
                var row = weight.Row(places[j]);
                row.Clear();
                for (var i = 0; i < places.Length; i++)
                {
                    var factor = basis[i, j];
                    var from = old.Row(i);
                    for (var c = 0; c < row.Length; c++)
                    {
                        row[c] += factor * from[c];
                    }
                }
            }
        }
    }

    /// <summary>Writes the columns that stay of rows that a layer made.</summary>
    /// <param name="rows"><c>rows x outputs</c>.</param>
    /// <param name="kept">Outputs that stay.</param>
    /// <param name="turned"><c>rows x kept</c>.</param>
    public void Apply(ReadOnlyMatrixView<float> rows, int[] kept, MatrixView<float> turned)
    {
        var positions = new int[rows.Columns];
        Array.Fill(positions, -1);
        for (var k = 0; k < kept.Length; k++)
        {
            positions[kept[k]] = k;
        }

        // By head the new columns that stay, and the basis that makes them, one old column after the other.
        var plans = Heads.Select(head => Plan(head, positions)).ToArray();
        for (var r = 0; r < rows.Rows; r++)
        {
            var from = rows.Row(r);
            var to = turned.Row(r);
            for (var k = 0; k < kept.Length; k++)
            {
                to[k] = from[kept[k]];
            }

            foreach (var (places, targets, factors) in plans)
            {
                foreach (var target in targets)
                {
                    to[target] = 0;
                }

                for (var i = 0; i < places.Length; i++)
                {
                    var value = from[places[i]];
                    var factor = factors.AsSpan(i * targets.Length, targets.Length);
                    for (var j = 0; j < targets.Length; j++)
                    {
                        to[targets[j]] += value * factor[j];
                    }
                }
            }
        }
    }

    private static Matrix<double> Product(Matrix<double> first, Matrix<double> second)
    {
        var product = new Matrix<double>(first.Rows, second.Columns);
        for (var i = 0; i < first.Rows; i++)
        {
            for (var k = 0; k < first.Columns; k++)
            {
                for (var j = 0; j < second.Columns; j++)
                {
                    product[i, j] += first[i, k] * second[k, j];
                }
            }
        }

        return product;
    }

    private static (int[] Places, int[] Targets, float[] Factors) Plan(HeadTurn head, int[] positions)
    {
        int[] columns = [.. Enumerable.Range(0, head.Places.Length).Where(j => positions[head.Places[j]] >= 0)];
        var factors = new float[head.Places.Length * columns.Length];
        for (var i = 0; i < head.Places.Length; i++)
        {
            for (var j = 0; j < columns.Length; j++)
            {
                factors[(i * columns.Length) + j] = (float)head.Basis[i, columns[j]];
            }
        }

        return (head.Places, [.. columns.Select(j => positions[head.Places[j]])], factors);
    }
}
