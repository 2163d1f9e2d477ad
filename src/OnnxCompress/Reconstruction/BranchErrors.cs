using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Branches;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>What a residual sum loses without its branch.</summary>
/// <param name="OfSum">Relative error of the sum (Frobenius, not squared), once the layer in front has made up for what it can.</param>
/// <param name="OfBranch">The same in proportion to the branch.</param>
internal readonly record struct BranchError(double OfSum, double OfBranch);

/// <summary>
/// Measures branches of residual sums on the original's activations: what each adds, and how much of that the layer whose output went into the
/// sum before can make of what it reads, by least squares on one fold of the rows, judged on the other.
/// </summary>
/// <param name="outputs">The original and its data.</param>
/// <param name="relations">Its axes.</param>
/// <param name="backend">Does the linear algebra.</param>
internal sealed class BranchErrors(OriginalOutputs outputs, Relations relations, IDenseBackend backend)
{
    /// <summary>One batch of so many is looked at.</summary>
    private const int Every = 4;

    /// <summary>Bytes of moments that are summed in one pass; more branches take more passes.</summary>
    private const long MostBytes = 256L << 20;

    /// <summary>Errors of branches, in their order.</summary>
    public BranchError[] Measure(IReadOnlyList<ResidualBranch> branches, CancellationToken cancellation)
    {
        var graph = outputs.Original.Graph;
        var layers = FitSites.Possible(outputs.Original, relations).Where(s => BranchAims.SumOf(s.Output, graph) is not null).ToLookup(s => BranchAims.SumOf(s.Output, graph)!, StringComparer.Ordinal);
        var measured = branches.Select(b => new Measured(b, BranchAims.InFront(b, graph, layers), backend)).ToArray();
        var most = Math.Min(MostBytes, outputs.MostHeld * sizeof(float));
        for (var first = 0; first < measured.Length;)
        {
            var (count, bytes) = (1, measured[first].Bytes);
            while (first + count < measured.Length && (bytes += measured[first + count].Bytes) <= most)
            {
                count++;
            }

            Measure(measured.AsSpan(first, count).ToArray(), cancellation);
            first += count;
        }

        return [.. measured.Select(m => m.Error)];
    }

    private void Measure(Measured[] branches, CancellationToken cancellation)
    {
        string[] tensors = [.. branches.SelectMany(b => b.Tensors).Distinct(StringComparer.Ordinal)];
        var index = tensors.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);
        outputs.Run(tensors, Every, (run, batch) =>
        {
            foreach (var branch in branches)
            {
                branch.Add(run, name => index[name], outputs, batch, cancellation);
            }
        }, cancellation);
        Array.ForEach(branches, b => b.Complete());
    }

    private sealed class Measured
    {
        private readonly ResidualBranch _branch;
        private readonly FitSite? _site;
        private readonly IDenseBackend _backend;
        private FitAccumulator? _moments;
        private double _added, _sum;

        public Measured(ResidualBranch branch, FitSite? site, IDenseBackend backend) => (_branch, _site, _backend) = (branch, site, backend);

        public BranchError Error { get; private set; }

        public IEnumerable<string> Tensors => _site is null ? [_branch.Made, _branch.SkipTensor] : [_branch.Made, _branch.SkipTensor, _site.Map.Input];

        // Grams of both folds, and the system that is factorised.
        public long Bytes => _site is null ? 0 : 3L * sizeof(double) * _site.Layout.Columns * (_site.Layout.Columns + _site.Outputs);

        public void Add(Running.RunResult run, Func<string, int> place, OriginalOutputs outputs, int batch, CancellationToken cancellation)
        {
            var made = run.Values<float>(place(_branch.Made));
            var beside = run.Values<float>(place(_branch.SkipTensor));
            for (var i = 0; i < made.Length; i++)
            {
                _added += (double)made[i] * made[i];
                var sum = (double)made[i] + beside[i];
                _sum += sum * sum;
            }

            if (_site is null)
            {
                return;
            }

            _moments ??= new FitAccumulator(_site, null, hasDrift: false, (new FitBuffer(), new FitBuffer()), null, _backend);
            var dims = run.Dims(place(_branch.Made));
            var rows = outputs.Choose(dims, _site, batch);
            var targets = OriginalOutputs.Read(run, place(_branch.Made), _site, rows);
            var input = place(_site.Map.Input);
            var part = new FitPart(rows, dims, run.Values<float>(input).ToArray(), run.Dims(input), (float[])targets.Values, null, null);
            _moments.Add(outputs.Batches.IsCheck(batch), [rows.Length], _ => part, cancellation);
        }

        public void Complete()
        {
            var left = 1.0;
            if (_moments is not null)
            {
                _moments.Complete();
                var nothing = new Matrix<double>(_site!.Outputs, _site.Layout.Columns);
                left = new LayerSolver(_backend).Solve(_moments.Moments[0], nothing, _site.TakesBias ? new double[_site.Outputs] : null, new RankLimit()).ErrorAfter;
                _ = _moments.Discard();
                _moments = null;
            }

            left = _added > 0 ? left : 0;
            Error = new BranchError(_sum > 0 ? left * Math.Sqrt(_added / _sum) : left, left);
        }
    }
}
