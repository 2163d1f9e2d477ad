using System.Collections.Concurrent;
using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;
using OnnxCompress.Running;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Collects the moments of one layer, in memory that does not grow with the data. Rows are <c>[x, y]</c>, or
/// <c>[x, y, d, b]</c> where an Add puts something beside the output: b in the original, b - d in the compressed network.
/// </summary>
internal sealed class FitAccumulator
{
    /// <summary>Floats of rows that are held until the layer is solved: then other targets need no second reading.</summary>
    private const int HeldFloats = 24 << 20;

    /// <summary>Floats of rows that are gathered otherwise before their products are summed: products of few rows are slow.</summary>
    private const int BufferedFloats = 1 << 20;

    private const int FewestBufferedRows = 256;

    /// <summary>Rows whose targets one thread changes at once.</summary>
    private const int RowsPerStretch = 2048;

    private readonly FitSite _site;
    private readonly IDenseBackend _backend;
    private readonly int[]? _keptInputs;
    private readonly int _width;
    private readonly FitBuffer _fit, _check;
    private readonly ConcurrentDictionary<string, PatchTable> _tables = new(StringComparer.Ordinal);
    private ActiveTargets? _active;
    private bool _holdsAll = true;

    /// <summary>Begins with nothing.</summary>
    /// <param name="site">The layer.</param>
    /// <param name="keptInputs">Channels of the tensor it is given that the layer reads; null means all.</param>
    /// <param name="hasDrift">Whether rows hold the drift of another branch.</param>
    /// <param name="buffers">Gather the rows that are fitted on, and those that judge.</param>
    /// <param name="rows">Rows that will come for each; null where that is not known.</param>
    /// <param name="backend">Sums products.</param>
    public FitAccumulator(
        FitSite site, int[]? keptInputs, bool hasDrift, (FitBuffer Fit, FitBuffer Check) buffers, (int Fit, int Check)? rows, IDenseBackend backend)
    {
        (_site, _keptInputs, _backend, (_fit, _check)) = (site, keptInputs, backend, buffers);
        var (groups, outputs) = (site.Map.Groups, OutputsPerGroup(site));
        Moments = [.. Enumerable.Range(0, groups).Select(_ => new FitMoments(site.Layout.Columns, outputs, hasDrift))];
        _width = Moments[0].Width + (hasDrift ? outputs : 0);
        var isHeld = rows is { } known && ((long)known.Fit + known.Check) * _width * groups <= Math.Min(HeldFloats, _fit.MostHeld);
        Capacity = Math.Max(FewestBufferedRows, BufferedFloats / (_width * groups));
        _fit.Begin(isHeld ? rows!.Value.Fit : Capacity, _width, groups);
        _check.Begin(isHeld ? rows!.Value.Check : Capacity, _width, groups);
        Capacity = isHeld ? int.MaxValue : Capacity;
    }

    /// <summary>Rows that should be added at once.</summary>
    public int Capacity { get; }

    /// <summary>The moments of each group; complete after <see cref="Complete"/>.</summary>
    public FitMoments[] Moments { get; }

    /// <summary>Output channels of each group of a layer.</summary>
    public static int OutputsPerGroup(FitSite site) => site.Outputs / site.Map.Groups;

    /// <summary>Adds rows of batches.</summary>
    /// <param name="isCheck">Which fold they belong to.</param>
    /// <param name="counts">How many rows each batch has.</param>
    /// <param name="read">Reads a batch, on any thread.</param>
    /// <param name="cancellation">Stops the work.</param>
    public void Add(bool isCheck, IReadOnlyList<int> counts, Func<int, FitPart> read, CancellationToken cancellation)
    {
        var buffer = isCheck ? _check : _fit;
        var total = counts.Sum();
        if (buffer.Rows + total > buffer.Capacity)
        {
            _holdsAll = false;
            Sum(isCheck);
            buffer.Widen(total);
        }

        var starts = new int[counts.Count];
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = buffer.Rows;
            buffer.Rows += counts[i];
        }

        ParallelWork.For(starts.Length, _backend.Threads, i => Fill(buffer, starts[i], read(i)), cancellation);
        if (_active is not null)
        {
            Change(buffer, starts[0], total, cancellation);
        }
    }

    /// <summary>Sums what is still gathered.</summary>
    public void Complete()
    {
        Sum(isCheck: false);
        Sum(isCheck: true);
    }

    /// <summary>Begins the targets anew, which are changed from now on.</summary>
    /// <param name="active">Changes them.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>Whether that was all: the rows are no longer held otherwise, and must be added and completed once more.</returns>
    public bool Retarget(ActiveTargets active, CancellationToken cancellation)
    {
        _active = active;
        foreach (var moments in Moments)
        {
            moments.ForgetTargets();
        }

        if (!_holdsAll)
        {
            (_fit.Rows, _check.Rows) = (0, 0);
            return false;
        }

        Change(_fit, 0, _fit.Rows, cancellation);
        Change(_check, 0, _check.Rows, cancellation);
        Complete();
        return true;
    }

    /// <summary>Gives up the moments.</summary>
    /// <returns>Bytes that they took.</returns>
    public long Discard() => Moments.Sum(m => m.Fit.Discard() + m.Check.Discard());

    private void Fill(FitBuffer buffer, int start, FitPart part)
    {
        var (columns, outputs, count) = (_site.Layout.Columns, Moments[0].Outputs, part.Rows.Length);
        var table = _site.Window is { } window ? TableFor(window, part.InputDims, part.OutputDims) : null;
        for (var group = 0; group < Moments.Length; group++)
        {
            var view = buffer.Window(group, start, count);
            var x = view.Window(0, 0, count, columns);
            if (table is null)
            {
                RowReader.Channels(part.Input, part.InputDims, _site.InputAxis, part.Rows, _keptInputs, x);
            }
            else
            {
                RowReader.Patches(part.Input, part.InputDims, table, part.Rows, group * _site.Layout.Inputs, _keptInputs, x);
            }

            for (var r = 0; r < count; r++)
            {
                var row = view.Row(r)[columns..];
                var from = (r * _site.Outputs) + (group * outputs);
                part.Targets.AsSpan(from, outputs).CopyTo(row);
                if (part.Drift is not null)
                {
                    part.Drift.AsSpan(from, outputs).CopyTo(row[outputs..]);
                    part.Beside.AsSpan(from, outputs).CopyTo(row[(2 * outputs)..]);
                }
            }
        }

        part.Done?.Invoke();
    }

    private void Change(FitBuffer buffer, int start, int count, CancellationToken cancellation)
    {
        var stretches = (count + RowsPerStretch - 1) / RowsPerStretch;
        ParallelWork.For(
            Moments.Length * stretches,
            _backend.Threads,
            i =>
            {
                var from = i % stretches * RowsPerStretch;
                _active!.Apply(i / stretches, buffer.Window(i / stretches, start + from, Math.Min(RowsPerStretch, count - from)));
            },
            cancellation);
    }

    private void Sum(bool isCheck)
    {
        var buffer = isCheck ? _check : _fit;
        if (buffer.Rows > 0)
        {
            // The products of one group are divided among threads by the backend; of many groups each is small.
            ParallelWork.For(Moments.Length, Moments.Length == 1 ? 1 : _backend.Threads, group =>
            {
                var fold = Moments[group].Fold(isCheck);
                if (_active is null)
                {
                    fold.AddProducts(RowsOf(buffer, group), _backend);
                }
                else
                {
                    fold.AddTargets(RowsOf(buffer, group), _backend);
                }
            }, CancellationToken.None);
            // Each sum is one thread's, row after row.
            var parts = Moments.Length == 1 ? _backend.Threads : 1;
            ParallelWork.For(Moments.Length * parts, _backend.Threads, i =>
            {
                var (group, part) = (i / parts, i % parts);
                var fold = Moments[group].Fold(isCheck);
                if (_active is null)
                {
                    fold.AddSums(RowsOf(buffer, group), part, parts);
                }
                else
                {
                    fold.AddTargetSums(RowsOf(buffer, group), part, parts);
                }
            }, CancellationToken.None);
        }

        if (!_holdsAll || _active is not null)
        {
            buffer.Rows = 0;
        }
    }

    private MatrixView<float> RowsOf(FitBuffer buffer, int group) => buffer.Window(group, 0, buffer.Rows).Window(0, 0, buffer.Rows, Moments[group].Width);

    private PatchTable TableFor(ConvolutionWindow window, IReadOnlyList<long> input, IReadOnlyList<long> output) => _tables.GetOrAdd(
        $"{string.Join(',', input.Skip(2))}:{string.Join(',', output.Skip(2))}",
        _ => PatchTable.Create(window, Sizes(input), Sizes(output)));

    private static int[] Sizes(IReadOnlyList<long> dims) => [.. dims.Skip(2).Select(d => (int)d)];
}
