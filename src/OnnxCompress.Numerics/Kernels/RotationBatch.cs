using System.Numerics;
using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Collects the sweeps of plane rotations that an implicit QR iteration makes and applies many of them at once to the rows
/// of a basis. A stripe of columns stays in the second cache level while all sweeps pass over it (the idea of Van Zee,
/// van de Geijn, Quintana-Orti, Restructuring the Tridiagonal and Bidiagonal QR Algorithms, ACM TOMS 2014). Stripes are
/// independent, so threads share them freely.
/// </summary>
internal sealed unsafe class RotationBatch : IDisposable
{
    private const int StripeVectors = 4;
    private const int Capacity = 1 << 16; // rotations kept before they are applied: 1 MiB

    private readonly Team _team;
    private readonly Block<double> _rows;
    private readonly Workspace<double> _stripes;
    private readonly Workspace<double> _rotations;
    private readonly List<(int First, int Count, bool Forward, int Start)> _sweeps = [];
    private int _used;

    /// <summary>Rotations will act on the rows of a block with contiguous rows.</summary>
    public RotationBatch(Team team, Block<double> rows)
    {
        _team = team;
        _rows = rows;
        _rotations = new(2L * Math.Max(Capacity, rows.Rows));
        _stripes = new((long)rows.Rows * (Gemm.CeilingDivide(rows.Columns, StripeColumns) * StripeColumns));
        Transfer(into: true);
    }

    private static int StripeColumns => StripeVectors * Vector<double>.Count;

    /// <summary>
    /// Room for the cosines and sines, interleaved, of a sweep over row pairs (first, first + 1), ...: entry i belongs to
    /// pair first + i, whichever way the sweep runs. A pair (x, y) becomes (c x + s y, c y - s x).
    /// </summary>
    public double* Sweep(int first, int count, bool forward)
    {
        if (_used + count > Math.Max(Capacity, _rows.Rows))
        {
            Apply();
        }

        var start = _used;
        _sweeps.Add((first, count, forward, start));
        _used += count;
        return _rotations.Data + (2L * start);
    }

    /// <summary>Applies what is left and writes the rows back.</summary>
    public void Finish()
    {
        Apply();
        Transfer(into: false);
    }

    public void Dispose()
    {
        _stripes.Dispose();
        _rotations.Dispose();
    }

    private void Apply()
    {
        if (_sweeps.Count > 0)
        {
            _team.Run(Gemm.CeilingDivide(_rows.Columns, StripeColumns), ApplyToStripe);
        }

        _sweeps.Clear();
        _used = 0;
    }

    private void ApplyToStripe(int stripe)
    {
        var rows = _stripes.Data + ((nint)stripe * StripeColumns * _rows.Rows);
        foreach (var (first, count, forward, start) in _sweeps)
        {
            var rotations = _rotations.Data + (2L * start);
            if (forward)
            {
                Forward(rows + ((nint)first * StripeColumns), count, rotations);
            }
            else
            {
                Backward(rows + ((nint)first * StripeColumns), count, rotations);
            }
        }
    }

    // The row that the next rotation needs again stays in registers: one load and one store a rotation.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward(double* row, int count, double* rotations)
    {
        var width = Vector<double>.Count;
        var (x0, x1, x2, x3) = (Vectors.Load(row), Vectors.Load(row + width), Vectors.Load(row + (2 * width)), Vectors.Load(row + (3 * width)));
        for (var pair = 0; pair < count; pair++)
        {
            var cosine = new Vector<double>(rotations[2 * pair]);
            var sine = new Vector<double>(rotations[(2 * pair) + 1]);
            var next = row + (4 * width);
            var (y0, y1, y2, y3) = (Vectors.Load(next), Vectors.Load(next + width), Vectors.Load(next + (2 * width)), Vectors.Load(next + (3 * width)));
            Vectors.Store(Vector.MultiplyAddEstimate(cosine, x0, sine * y0), row);
            Vectors.Store(Vector.MultiplyAddEstimate(cosine, x1, sine * y1), row + width);
            Vectors.Store(Vector.MultiplyAddEstimate(cosine, x2, sine * y2), row + (2 * width));
            Vectors.Store(Vector.MultiplyAddEstimate(cosine, x3, sine * y3), row + (3 * width));
            x0 = (cosine * y0) - (sine * x0);
            x1 = (cosine * y1) - (sine * x1);
            x2 = (cosine * y2) - (sine * x2);
            x3 = (cosine * y3) - (sine * x3);
            row = next;
        }

        Vectors.Store(x0, row);
        Vectors.Store(x1, row + width);
        Vectors.Store(x2, row + (2 * width));
        Vectors.Store(x3, row + (3 * width));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward(double* row, int count, double* rotations)
    {
        var width = Vector<double>.Count;
        row += (nint)count * 4 * width;
        var (y0, y1, y2, y3) = (Vectors.Load(row), Vectors.Load(row + width), Vectors.Load(row + (2 * width)), Vectors.Load(row + (3 * width)));
        for (var pair = count - 1; pair >= 0; pair--)
        {
            var cosine = new Vector<double>(rotations[2 * pair]);
            var sine = new Vector<double>(rotations[(2 * pair) + 1]);
            var above = row - (4 * width);
            var (x0, x1, x2, x3) = (Vectors.Load(above), Vectors.Load(above + width), Vectors.Load(above + (2 * width)), Vectors.Load(above + (3 * width)));
            Vectors.Store((cosine * y0) - (sine * x0), row);
            Vectors.Store((cosine * y1) - (sine * x1), row + width);
            Vectors.Store((cosine * y2) - (sine * x2), row + (2 * width));
            Vectors.Store((cosine * y3) - (sine * x3), row + (3 * width));
            y0 = Vector.MultiplyAddEstimate(cosine, x0, sine * y0);
            y1 = Vector.MultiplyAddEstimate(cosine, x1, sine * y1);
            y2 = Vector.MultiplyAddEstimate(cosine, x2, sine * y2);
            y3 = Vector.MultiplyAddEstimate(cosine, x3, sine * y3);
            row = above;
        }

        Vectors.Store(y0, row);
        Vectors.Store(y1, row + width);
        Vectors.Store(y2, row + (2 * width));
        Vectors.Store(y3, row + (3 * width));
    }

    // Each stripe is contiguous, [row][column of the stripe], whatever the stride of the rows.
    private void Transfer(bool into)
    {
        _team.Run(Gemm.CeilingDivide(_rows.Columns, StripeColumns), stripe =>
        {
            var left = stripe * StripeColumns;
            var count = Math.Min(StripeColumns, _rows.Columns - left);
            for (var row = 0; row < _rows.Rows; row++)
            {
                var there = new Span<double>(_rows.At(row, left), count);
                var here = new Span<double>(_stripes.Data + (((nint)stripe * _rows.Rows) + row) * StripeColumns, StripeColumns);
                if (into)
                {
                    here.Clear();
                    there.CopyTo(here);
                }
                else
                {
                    here[..count].CopyTo(there);
                }
            }
        });
    }
}
