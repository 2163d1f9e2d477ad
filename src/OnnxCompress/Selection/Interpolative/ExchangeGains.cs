using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Interpolative;

/// <summary>
/// What exchanging one kept channel for one removed channel does to what one consumer reads. With G the Gram, S the
/// kept channels, <c>T = G_SS^-1 G_S:</c> and <c>R = G - G_:S T</c> what they leave unexplained, removing s adds
/// <c>u u^T</c> to R with <c>u = T_s: / sqrt((G_SS^-1)_ss)</c>, and keeping j takes away <c>R_:j R_j: / R_jj</c>; so the
/// squared error <c>tr(R)</c> changes by <c>|u|^2 - |r_j + u_j u|^2 / (R_jj + u_j^2)</c>, which is exact. (Gu and
/// Eisenstat 1996 exchange by the growth of the determinant of G_SS, <c>(R_jj + u_j^2) / u_s^2</c>, which bounds the error.)
/// </summary>
internal sealed class ExchangeGains
{
    /// <summary>A residual diagonal below this share of the original one is rounding, not information.</summary>
    private const double ExplainedShare = 1e-12;

    private readonly int[] _channels;
    private readonly int[] _slotOf;
    private readonly Matrix<double> _gram;
    private readonly double _energy;
    private readonly IDenseBackend _backend;

    /// <summary>Prepares one consumer.</summary>
    /// <param name="channels">Channels of the group that it reads, by slot.</param>
    /// <param name="groupChannels">Channels of the group.</param>
    /// <param name="gram">G by slot; not changed.</param>
    /// <param name="ridge">Added to the diagonal of G, relative to its mean.</param>
    /// <param name="backend">Factorises and multiplies.</param>
    public ExchangeGains(int[] channels, int groupChannels, Matrix<double> gram, double ridge, IDenseBackend backend)
    {
        (_channels, _gram, _backend) = (channels, gram.Clone(), backend);
        _slotOf = new int[groupChannels];
        Array.Fill(_slotOf, -1);
        for (var slot = 0; slot < channels.Length; slot++)
        {
            _slotOf[channels[slot]] = slot;
            _energy += gram[slot, slot];
        }

        for (var slot = 0; slot < channels.Length; slot++)
        {
            _gram[slot, slot] += ridge * _energy / channels.Length;
        }
    }

    /// <summary>Squared relative error of what the consumer reads with the given channels.</summary>
    /// <param name="kept">By channel of the group.</param>
    /// <param name="changes">
    /// Receives what each exchange adds to it: entry <c>(s, j)</c> for the s-th kept and the j-th removed channel of the
    /// group. Entries are added to, so that consumers sum up.
    /// </param>
    /// <returns>The error; null when the kept channels are dependent, so that nothing can be said.</returns>
    public double? Add(bool[] kept, Matrix<double> changes)
    {
        int[] stay = [.. _channels.Where(c => kept[c]).Select(c => _slotOf[c])];
        int[] go = [.. _channels.Where(c => !kept[c]).Select(c => _slotOf[c])];
        if (_energy <= 0)
        {
            return 0;
        }

        var inverse = Matrix<double>.Identity(stay.Length);
        var system = Part(stay, stay);
        if (_backend.FactorCholesky(system) >= 0)
        {
            return null;
        }

        _backend.SolveCholesky(system, inverse);
        var mixing = Product(inverse, Part(stay, go));
        var left = Part(go, go);
        _backend.Multiply(-1, Part(go, stay), Transpose.No, mixing, Transpose.No, 1, left);
        AddChanges(kept, changes, (inverse, mixing, left));
        return Enumerable.Range(0, go.Length).Sum(j => Math.Max(0, left[j, j])) / _energy;
    }

    private void AddChanges(bool[] kept, Matrix<double> changes, (Matrix<double> Inverse, Matrix<double> Mixing, Matrix<double> Left) state)
    {
        var (inverse, mixing, left) = state;
        var cross = Product(mixing, left);
        double[] norms = [.. Enumerable.Range(0, left.Rows).Select(j => SquaredNorm(left, j))];
        var (rows, columns) = (Places(kept, true), Places(kept, false));
        for (var row = 0; row < rows.Length; row++)
        {
            var s = rows[row];
            var scale = s < 0 ? 0 : 1 / inverse[s, s];
            // T is the identity on kept channels, so u has an entry on s itself.
            var lost = s < 0 ? 0 : (1 + SquaredNorm(mixing, s)) * scale;
            for (var column = 0; column < columns.Length; column++)
            {
                changes[row, column] += (lost - Gain(columns[column])) / _energy;
            }

            double Gain(int j)
            {
                if (j < 0)
                {
                    return 0;
                }

                var (share, product) = s < 0 ? (0, 0) : (mixing[s, j], cross[s, j]);
                var diagonal = left[j, j] + (share * share * scale);
                return diagonal > ExplainedShare * _energy / _channels.Length
                    ? (norms[j] + (2 * share * product * scale) + (share * share * scale * lost)) / diagonal
                    : 0;
            }
        }
    }

    /// <summary>By kept or removed channel of the group, its place among those this consumer reads; -1 when it does not.</summary>
    private int[] Places(bool[] kept, bool wanted)
    {
        var place = 0;
        var placeOf = _channels.Where(c => kept[c] == wanted).ToDictionary(c => c, _ => place++);
        return [.. Enumerable.Range(0, kept.Length).Where(c => kept[c] == wanted).Select(c => placeOf.GetValueOrDefault(c, -1))];
    }

    private Matrix<double> Part(int[] rows, int[] columns)
    {
        var part = new Matrix<double>(rows.Length, columns.Length);
        for (var r = 0; r < rows.Length; r++)
        {
            for (var c = 0; c < columns.Length; c++)
            {
                part[r, c] = _gram[rows[r], columns[c]];
            }
        }

        return part;
    }

    private Matrix<double> Product(Matrix<double> a, Matrix<double> b)
    {
        var product = new Matrix<double>(a.Rows, b.Columns);
        _backend.Multiply(1, a, Transpose.No, b, Transpose.No, 0, product);
        return product;
    }

    private static double SquaredNorm(Matrix<double> matrix, int row)
    {
        double sum = 0;
        foreach (var value in matrix.View.Row(row))
        {
            sum += value * value;
        }

        return sum;
    }
}
