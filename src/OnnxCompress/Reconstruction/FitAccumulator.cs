using OnnxCompress.Calibration;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>Collects the moments of one layer, batch after batch, in memory that does not grow with the data.</summary>
internal sealed class FitAccumulator
{
    /// <summary>Floats of rows that are gathered before their products are summed: products of few rows are slow.</summary>
    private const int BufferedFloats = 1 << 22;

    private const int FewestBufferedRows = 256;

    private readonly FitSite _site;
    private readonly IDenseBackend _backend;
    private readonly int[]? _keptInputs;
    private readonly int _width, _capacity;
    private readonly RowBuffer[] _fit, _check;
    private PatchTable? _table;
    private string _tableFor = "";
    private ActiveTargets? _active;

    /// <summary>Begins with nothing.</summary>
    /// <param name="site">The layer.</param>
    /// <param name="keptInputs">Channels of the tensor it is given that the layer reads; null means all.</param>
    /// <param name="hasDrift">Whether rows hold the drift of another branch.</param>
    /// <param name="backend">Sums products.</param>
    public FitAccumulator(FitSite site, int[]? keptInputs, bool hasDrift, IDenseBackend backend)
    {
        (_site, _keptInputs, _backend) = (site, keptInputs, backend);
        var outputs = OutputsPerGroup(site);
        Moments = [.. Enumerable.Range(0, site.Layout.Groups).Select(_ => new FitMoments(site.Layout.Columns, outputs, hasDrift))];
        _width = Moments[0].Statistics.Channels;
        _capacity = Math.Max(FewestBufferedRows, BufferedFloats / (_width * Moments.Length));
        _fit = [.. Moments.Select(_ => new RowBuffer())];
        _check = [.. Moments.Select(_ => new RowBuffer())];
    }

    /// <summary>The moments of each group; complete after <see cref="Flush"/>.</summary>
    public FitMoments[] Moments { get; }

    /// <summary>Output channels of each group of a layer.</summary>
    public static int OutputsPerGroup(FitSite site) => site.Outputs / site.Layout.Groups;

    /// <summary>Begins the targets anew, which are changed from now on; then all rows must be added once more.</summary>
    /// <param name="active">Changes them.</param>
    public void Retarget(ActiveTargets active)
    {
        _active = active;
        foreach (var moments in Moments)
        {
            moments.ForgetTargets();
        }
    }

    /// <summary>Adds rows of a batch.</summary>
    /// <param name="isCheck">Which fold they belong to.</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="outputDims">Shape of the layer's output in this batch.</param>
    /// <param name="input">What the layer reads.</param>
    /// <param name="inputDims">Its shape.</param>
    /// <param name="targets">One row for each of <paramref name="rows"/>, one column for each output.</param>
    /// <param name="drift">The same; null without drift.</param>
    /// <param name="beside">What the original has beside the layer's output; null without drift. <see cref="Retarget"/> needs it.</param>
    /// <param name="cancellation">Stops the work.</param>
    public void Add(
        bool isCheck, int[] rows, IReadOnlyList<long> outputDims, float[] input, IReadOnlyList<long> inputDims, float[] targets, float[]? drift,
        float[]? beside, CancellationToken cancellation)
    {
        var table = _site.Layout.Kernel.Length == 0 ? null : TableFor(inputDims, outputDims);
        var positions = checked((int)outputDims.Skip(2).Aggregate(1L, (product, d) => product * d));
        var buffers = isCheck ? _check : _fit;
        ParallelWork.For(
            Moments.Length,
            _backend.Threads,
            group =>
            {
                var buffer = buffers[group];
                if (buffer.Rows + rows.Length > Math.Max(_capacity, rows.Length))
                {
                    Sum(group, isCheck);
                }

                buffer.Reserve(Math.Max(_capacity, rows.Length), _width);
                // One group alone is cut into stretches of rows, so that all threads work on it.
                var stretches = Moments.Length == 1 ? _backend.Threads : 1;
                var start = buffer.Rows;
                buffer.Rows += rows.Length;
                ParallelWork.For(
                    stretches,
                    _backend.Threads,
                    s =>
                    {
                        var (from, to) = (rows.Length * s / stretches, rows.Length * (s + 1) / stretches);
                        Fill(buffer.Window(start + from, to - from, _width), group, rows[from..to], from, (input, inputDims), table, positions, targets, drift);
                    },
                    cancellation);
                _active?.Apply(group, buffer.Window(start, rows.Length, _width), beside);
            },
            cancellation);
    }

    /// <summary>Sums what is still gathered.</summary>
    public void Flush()
    {
        for (var group = 0; group < Moments.Length; group++)
        {
            Sum(group, isCheck: false);
            Sum(group, isCheck: true);
        }
    }

    private void Fill(
        MatrixView<float> view, int group, int[] rows, int firstRow, (float[] Values, IReadOnlyList<long> Dims) input, PatchTable? table, int positions,
        float[] targets, float[]? drift)
    {
        var (columns, outputs) = (_site.Layout.Columns, Moments[0].Outputs);
        var x = view.Window(0, 0, rows.Length, columns);
        if (table is null)
        {
            RowReader.Channels(input.Values, input.Dims, _site.InputAxis, rows, _keptInputs, x);
        }
        else
        {
            RowReader.Patches(input.Values, input.Dims, table, positions, rows, group * _site.Layout.Inputs, _keptInputs, x);
        }

        for (var r = 0; r < rows.Length; r++)
        {
            var start = ((firstRow + r) * _site.Outputs) + (group * outputs);
            targets.AsSpan(start, outputs).CopyTo(view.Row(r)[columns..]);
            drift?.AsSpan(start, outputs).CopyTo(view.Row(r)[(columns + outputs)..]);
        }
    }

    private void Sum(int group, bool isCheck)
    {
        var buffer = (isCheck ? _check : _fit)[group];
        if (buffer.Rows > 0)
        {
            var rows = buffer.Window(0, buffer.Rows, _width);
            if (_active is null)
            {
                Moments[group].Add(isCheck, rows, _backend);
            }
            else
            {
                Moments[group].AddTargets(isCheck, rows, _backend);
            }

            buffer.Rows = 0;
        }
    }

    private PatchTable TableFor(IReadOnlyList<long> input, IReadOnlyList<long> output)
    {
        var key = $"{string.Join(',', input.Skip(2))}:{string.Join(',', output.Skip(2))}";
        if (_table is null || _tableFor != key)
        {
            (_table, _tableFor) = (PatchTable.Create(_site.Node, _site.Layout.Kernel, Sizes(input), Sizes(output)), key);
        }

        return _table;
    }

    private static int[] Sizes(IReadOnlyList<long> dims) => [.. dims.Skip(2).Select(d => (int)d)];

    /// <summary>Rows that wait to be summed.</summary>
    private sealed class RowBuffer
    {
        private float[] _values = [];

        public int Rows { get; set; }

        public void Reserve(int rows, int width)
        {
            if (_values.Length < rows * width)
            {
                Array.Resize(ref _values, rows * width);
            }
        }

        public MatrixView<float> Window(int row, int count, int width) => new(_values.AsSpan(row * width, count * width), count, width);
    }
}
