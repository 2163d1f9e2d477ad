using System.Numerics;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Sums over the rows <c>[x, y, d]</c> of one fold: all that least squares asks for. Products of targets with each other
/// are not among them, but for their squares: a layer of many outputs would spend its memory and time there.
/// </summary>
/// <param name="inputs">Columns of x.</param>
/// <param name="outputs">Columns of y, and of d.</param>
/// <param name="hasDrift">Whether there is a d.</param>
internal sealed class FitFold(int inputs, int outputs, bool hasDrift)
{
    /// <summary>Rows whose products with the targets are summed in float: products of fewer are slow.</summary>
    private const int BlockRows = 1024;

    private readonly int _targets = hasDrift ? 2 * outputs : outputs;
    private readonly double[] _sums = new double[inputs + (hasDrift ? 2 * outputs : outputs)];

    /// <summary>Squares of y, products of y and d, squares of d.</summary>
    private readonly double[] _squares = new double[outputs], _mixed = new double[hasDrift ? outputs : 0], _drifts = new double[hasDrift ? outputs : 0];

    private Matrix<double>? _normal, _cross;

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Means of all columns.</summary>
    public double[] Means() => [.. _sums.Select(s => s / Math.Max(1, Rows))];

    private Matrix<double> Normal => _normal ??= new Matrix<double>(inputs, inputs);

    private Matrix<double> Cross => _cross ??= new Matrix<double>(_targets, inputs);

    /// <summary>Adds rows.</summary>
    public void Add(ReadOnlyMatrixView<float> rows, IDenseBackend backend)
    {
        backend.AddGram(rows.Window(0, 0, rows.Rows, inputs), Normal);
        AddProducts(rows, _targets, backend);
        for (var r = 0; r < rows.Rows; r++)
        {
            AddTo(_sums, rows.Row(r)[.._sums.Length]);
            AddSquares(rows.Row(r));
            var drift = rows.Row(r).Slice(inputs + outputs, _drifts.Length);
            AddProducts(_drifts, drift, drift);
        }

        Rows += rows.Rows;
    }

    /// <summary>Begins y anew; x, d and the count of rows stay.</summary>
    public void ForgetTargets()
    {
        _sums.AsSpan(inputs, outputs).Clear();
        _squares.AsSpan().Clear();
        _mixed.AsSpan().Clear();
        for (var o = 0; _cross is not null && o < outputs; o++)
        {
            _cross.Row(o).Clear();
        }
    }

    /// <summary>Adds the products of y, of rows whose x and d are summed already.</summary>
    public void AddTargets(ReadOnlyMatrixView<float> rows, IDenseBackend backend)
    {
        AddProducts(rows, outputs, backend);
        for (var r = 0; r < rows.Rows; r++)
        {
            AddTo(_sums.AsSpan(inputs), rows.Row(r).Slice(inputs, outputs));
            AddSquares(rows.Row(r));
        }
    }

    /// <summary>Adds the sums of another fold.</summary>
    public void Add(FitFold other)
    {
        if (other.Rows == 0)
        {
            return;
        }

        Rows += other.Rows;
        AddTo(_sums, other._sums);
        AddTo(_squares, other._squares);
        AddTo(_mixed, other._mixed);
        AddTo(_drifts, other._drifts);
        AddTo(Normal.Values, other.Normal.Values);
        AddTo(Cross.Values, other.Cross.Values);
    }

    /// <summary>The moments for a target.</summary>
    /// <param name="about">The means that are subtracted; null subtracts nothing.</param>
    /// <param name="withDrift">Whether the target is <c>y + d</c>, or y alone.</param>
    public TargetMoments Target(double[]? about, bool withDrift)
    {
        var own = Means();
        var (normal, cross) = (new Matrix<double>(inputs, inputs), new Matrix<double>(outputs, inputs));
        for (var i = 0; i < inputs; i++)
        {
            var from = Normal.Row(i);
            var to = normal.Row(i);
            for (var j = 0; j < to.Length; j++)
            {
                to[j] = About(about, from[j], i, j);
            }
        }

        for (var o = 0; o < outputs; o++)
        {
            var (y, d) = (inputs + o, inputs + outputs + o);
            var from = Cross.Row(o);
            var to = cross.Row(o);
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = About(about, from[i], y, i) + (withDrift ? About(about, Cross[outputs + o, i], d, i) : 0);
            }
        }

        double[] targetMeans = [.. Enumerable.Range(inputs, outputs).Select(y => own[y] + (withDrift ? own[y + outputs] : 0))];
        return new TargetMoments(normal, cross, Energy(about, withDrift), own[..inputs], targetMeans, Rows);
    }

    /// <summary>The squares of a target alone.</summary>
    /// <param name="about">The means that are subtracted; null subtracts nothing.</param>
    /// <param name="withDrift">Whether the target is <c>y + d</c>, or y alone.</param>
    public double Energy(double[]? about, bool withDrift)
    {
        double energy = 0;
        for (var o = 0; o < outputs; o++)
        {
            var (y, d) = (inputs + o, inputs + outputs + o);
            energy += About(about, _squares[o], y, y) + (withDrift ? (2 * About(about, _mixed[o], y, d)) + About(about, _drifts[o], d, d) : 0);
        }

        return energy;
    }

    private double About(double[]? means, double sum, int a, int b) =>
        means is null ? sum : sum + ((Rows * means[a] * means[b]) - (_sums[a] * means[b]) - (means[a] * _sums[b]));

    private void AddProducts(ReadOnlyMatrixView<float> rows, int targets, IDenseBackend backend)
    {
        var products = new Matrix<float>(targets, inputs);
        for (var from = 0; from < rows.Rows; from += BlockRows)
        {
            var block = rows.Window(from, 0, Math.Min(BlockRows, rows.Rows - from), rows.Columns);
            backend.Multiply(1, block.Window(0, inputs, block.Rows, targets), Transpose.Yes, block.Window(0, 0, block.Rows, inputs), Transpose.No, 0, products);
            for (var o = 0; o < targets; o++)
            {
                AddTo(Cross.Row(o), products.Row(o));
            }
        }
    }

    private void AddSquares(ReadOnlySpan<float> row)
    {
        var y = row.Slice(inputs, outputs);
        var d = row.Slice(inputs + outputs, _mixed.Length);
        AddProducts(_squares, y, y);

        AddProducts(_mixed, y[..d.Length], d);
    }

    private static void AddProducts(Span<double> sums, ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var (i, half) = (0, Vector<double>.Count);
        for (; i <= a.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(a[i..]), out var low, out var high);
            Vector.Widen(new Vector<float>(b[i..]), out var otherLow, out var otherHigh);
            (new Vector<double>(sums[i..]) + (low * otherLow)).CopyTo(sums[i..]);
            (new Vector<double>(sums[(i + half)..]) + (high * otherHigh)).CopyTo(sums[(i + half)..]);
        }

        for (; i < a.Length; i++)
        {
            sums[i] += (double)a[i] * b[i];
        }
    }

    private static void AddTo(Span<double> sums, ReadOnlySpan<float> values)
    {
        // Whole vectors of floats become two of doubles; each sum adds what the scalar loop would.
        var (i, half) = (0, Vector<double>.Count);
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(values[i..]), out var low, out var high);
            (new Vector<double>(sums[i..]) + low).CopyTo(sums[i..]);
            (new Vector<double>(sums[(i + half)..]) + high).CopyTo(sums[(i + half)..]);
        }

        for (; i < values.Length; i++)
        {
            sums[i] += values[i];
        }
    }

    private static void AddTo(Span<double> sums, ReadOnlySpan<double> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            sums[i] += values[i];
        }
    }
}
