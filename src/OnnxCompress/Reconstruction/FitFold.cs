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
    public double[] Means() => Means([this]);

    private int Inputs => inputs;

    private int Outputs => outputs;

    private Matrix<double> Normal => _normal ??= new Matrix<double>(inputs, inputs);

    private Matrix<double> Cross => _cross ??= new Matrix<double>(_targets, inputs);

    /// <summary>Adds the products of rows; their sums are added apart, by <see cref="AddSums"/>.</summary>
    public void AddProducts(ReadOnlyMatrixView<float> rows, IDenseBackend backend)
    {
        backend.AddGram(rows.Window(0, 0, rows.Rows, inputs), Normal);
        AddProducts(rows, _targets, backend);
        Rows += rows.Rows;
    }

    /// <summary>Adds the sums of some columns of rows, and the squares of the targets among them. Several threads may add different columns.</summary>
    /// <param name="rows">All columns.</param>
    /// <param name="part">Which part of the columns.</param>
    /// <param name="parts">How many parts there are.</param>
    public void AddSums(ReadOnlyMatrixView<float> rows, int part, int parts)
    {
        var (from, count) = Stretch(_sums.Length, part, parts);
        var (first, targets) = Stretch(outputs, part, parts);
        for (var r = 0; r < rows.Rows; r++)
        {
            var row = rows.Row(r);
            AddTo(_sums.AsSpan(from, count), row.Slice(from, count));
            AddSquares(row, first, targets);
            if (hasDrift)
            {
                var drift = row.Slice(inputs + outputs + first, targets);
                AddProducts(_drifts.AsSpan(first, targets), drift, drift);
            }
        }
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

    /// <summary>Adds the products of y, of rows whose x and d are summed already; sums are added apart, by <see cref="AddTargetSums"/>.</summary>
    public void AddTargets(ReadOnlyMatrixView<float> rows, IDenseBackend backend) => AddProducts(rows, outputs, backend);

    /// <summary>Adds the sums and squares of some columns of y. Several threads may add different columns.</summary>
    /// <param name="rows">All columns.</param>
    /// <param name="part">Which part of the columns.</param>
    /// <param name="parts">How many parts there are.</param>
    public void AddTargetSums(ReadOnlyMatrixView<float> rows, int part, int parts)
    {
        var (first, targets) = Stretch(outputs, part, parts);
        for (var r = 0; r < rows.Rows; r++)
        {
            AddTo(_sums.AsSpan(inputs + first, targets), rows.Row(r).Slice(inputs + first, targets));
            AddSquares(rows.Row(r), first, targets);
        }
    }

    /// <summary>Gives up all products; nothing may be asked for any more.</summary>
    /// <returns>Bytes that they took.</returns>
    public long Discard()
    {
        var entries = (_normal?.Values.Length ?? 0L) + (_cross?.Values.Length ?? 0);
        (_normal, _cross) = (null, null);
        return sizeof(double) * entries;
    }

    /// <summary>The moments for a target.</summary>
    /// <param name="about">The means that are subtracted; null subtracts nothing.</param>
    /// <param name="withDrift">Whether the target is <c>y + d</c>, or y alone.</param>
    public TargetMoments Target(double[]? about, bool withDrift) => Target([this], about, withDrift);

    /// <summary>The moments of several folds together for a target.</summary>
    /// <param name="folds">Folds of the same layer, at least one; those without rows add nothing.</param>
    /// <param name="about">The means that are subtracted; null subtracts nothing.</param>
    /// <param name="withDrift">Whether the target is <c>y + d</c>, or y alone.</param>
    public static TargetMoments Target(IReadOnlyList<FitFold> folds, double[]? about, bool withDrift)
    {
        var (first, own, rows) = (folds[0], Means(folds), folds.Sum(f => f.Rows));
        var (inputs, outputs) = (first.Inputs, first.Outputs);
        var sums = folds.Aggregate(new double[first._sums.Length], (total, fold) => [.. total.Zip(fold._sums, (a, b) => a + b)]);
        FitFold[] filled = [.. folds.Where(f => f.Rows > 0)];
        return new TargetMoments(
            [.. (filled.Length > 0 ? filled : [first]).Select(f => f.Normal)], sums[..inputs], about?[..inputs],
            CrossAbout(filled, about is null ? null : new Shift(about, sums, rows), (inputs, outputs), withDrift))
        {
            Energy = Energy(folds, about, withDrift),
            InputMeans = own[..inputs],
            TargetMeans = [.. Enumerable.Range(inputs, outputs).Select(y => own[y] + (withDrift ? own[y + outputs] : 0))],
            Rows = rows,
        };
    }

    /// <summary>Means of all columns over several folds of the same layer.</summary>
    public static double[] Means(IReadOnlyList<FitFold> folds)
    {
        var rows = Math.Max(1, folds.Sum(f => f.Rows));
        return [.. Enumerable.Range(0, folds[0]._sums.Length).Select(i => folds.Sum(f => f._sums[i]) / rows)];
    }

    /// <summary><c>X T^T</c>, inputs x outputs.</summary>
    private static Matrix<double> CrossAbout(FitFold[] folds, Shift? shift, (int Inputs, int Outputs) size, bool withDrift)
    {
        var cross = new Matrix<double>(size.Outputs, size.Inputs);
        for (var o = 0; o < size.Outputs; o++)
        {
            var row = cross.Row(o);
            foreach (var fold in folds)
            {
                AddTo(row, fold.Cross.Row(o));
                if (withDrift)
                {
                    AddTo(row, fold.Cross.Row(size.Outputs + o));
                }
            }

            var y = size.Inputs + o;
            for (var i = 0; shift is not null && i < row.Length; i++)
            {
                row[i] += shift.Of(y, i) + (withDrift ? shift.Of(y + size.Outputs, i) : 0);
            }
        }

        return cross.Transpose();
    }

    /// <summary>The squares of a target alone.</summary>
    /// <param name="about">The means that are subtracted; null subtracts nothing.</param>
    /// <param name="withDrift">Whether the target is <c>y + d</c>, or y alone.</param>
    public double Energy(double[]? about, bool withDrift)
    {
        var shift = about is null ? null : new Shift(about, _sums, Rows);
        double energy = 0;
        for (var o = 0; o < outputs; o++)
        {
            var (y, d) = (inputs + o, inputs + outputs + o);
            double About(double[] squares, int a, int b) => squares[o] + (shift?.Of(a, b) ?? 0);
            energy += About(_squares, y, y) + (withDrift ? (2 * About(_mixed, y, d)) + About(_drifts, d, d) : 0);
        }

        return energy;
    }

    private static double Energy(IReadOnlyList<FitFold> folds, double[]? about, bool withDrift) => folds.Sum(f => f.Energy(about, withDrift));

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

    private void AddSquares(ReadOnlySpan<float> row, int first, int targets)
    {
        var y = row.Slice(inputs + first, targets);
        AddProducts(_squares.AsSpan(first, targets), y, y);
        if (hasDrift)
        {
            AddProducts(_mixed.AsSpan(first, targets), y, row.Slice(inputs + outputs + first, targets));
        }
    }

    private static (int From, int Count) Stretch(int count, int part, int parts)
    {
        var (start, end) = ((int)((long)count * part / parts), (int)((long)count * (part + 1) / parts));
        return (start, end - start);
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

    /// <summary>What subtracting means adds to a sum of products of two columns.</summary>
    private sealed class Shift(double[] means, double[] sums, long rows)
    {
        public double Of(int a, int b) => (rows * means[a] * means[b]) - (sums[a] * means[b]) - (means[a] * sums[b]);
    }
}
