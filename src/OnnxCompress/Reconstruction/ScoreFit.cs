using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.Scores;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Fits queries and keys that lost directions to the original's scores: <c>min ||S_q W_q W_k^T S_k^T - X V_q V_k^T Z^T||</c> over weights of r
/// columns, with X and Z what the two layers read in the compressed network. Least squares for all directions comes first,
/// <c>P_X S_q W_q</c> and <c>P_Z S_k W_k</c>, as what they leave is orthogonal to all that X and Z can make; of the scores of those the
/// best of rank r are left by <see cref="ScoreBasis"/>. Targets are in the basis of the plan, so that heads keep their places.
/// </summary>
/// <param name="sites">All layers that are fitted.</param>
/// <param name="shrinkage">Which directions stayed.</param>
/// <param name="solver">Solves for all directions.</param>
/// <param name="backend">Factorises.</param>
internal sealed class ScoreFit(IReadOnlyList<FitSite> sites, Shrinkage shrinkage, LayerSolver solver, IDenseBackend backend)
{
    private readonly Dictionary<string, Wide> _solved = new(StringComparer.Ordinal);

    /// <summary>The product that the layer makes queries or keys of, where both are fitted together; null for other layers.</summary>
    public ScoreProduct? ProductOf(FitSite site)
    {
        var product = shrinkage.Turns.ContainsKey(site.Output) ? shrinkage.Products.SingleOrDefault(p => p.Queries.Layer.Output == site.Output || p.Keys.Layer.Output == site.Output) : null;
        return product is not null && Covers(product.Queries) && Covers(product.Keys) ? product : null;
    }

    /// <summary>The layer with all directions of the heads that stay.</summary>
    public FitSite Widened(FitSite site)
    {
        var axis = shrinkage.Axes(site.Output)[site.OutputAxis]!;
        var kept = shrinkage.Indices(axis).ToHashSet();
        foreach (var head in site.Turn!.Heads.Where(h => h.Places.Any(kept.Contains)))
        {
            kept.UnionWith(head.Places);
        }

        return site with { KeptOutputs = [.. kept.Order()] };
    }

    /// <summary>Solves for all directions, and for those that stay once both queries and keys are there.</summary>
    /// <param name="product">See <see cref="ProductOf"/>.</param>
    /// <param name="site">The layer.</param>
    /// <param name="moments">Moments of <see cref="Widened"/>.</param>
    /// <param name="graph">The compressed network; its weights change.</param>
    /// <returns>Errors are those of all directions, on rows that were not fitted.</returns>
    public FitOutcome Solve(ScoreProduct product, FitSite site, FitMoments moments, ModelGraph graph)
    {
        var weights = new FitWeights(graph, backend);
        var places = Widened(site).KeptOutputs!;
        var (now, nowBias) = (weights.Read(site, 0), weights.ReadBias(site));
        var (prior, bias) = (new Matrix<double>(places.Length, now.Columns), nowBias is null ? null : new double[places.Length]);
        for (var k = 0; k < now.Rows; k++)
        {
            // Directions that went have no weights of the method's.
            var row = Array.BinarySearch(places, site.KeptOutputs![k]);
            now.Row(k).CopyTo(prior.Row(row));
            if (bias is not null)
            {
                bias[row] = nowBias![k];
            }
        }

        var solution = solver.Solve(moments, prior, bias, new RankLimit());
        _solved[site.Output] = new Wide(site, places, solution.Weights, Full(site, places, solution.Bias ?? bias), moments.Total(isAboutMeans: false, withDrift: false));
        if (_solved.TryGetValue(product.Queries.Layer.Output, out var queries) && _solved.TryGetValue(product.Keys.Layer.Output, out var keys))
        {
            Narrow(product, queries, keys);
            foreach (var wide in (Wide[])(ReferenceEquals(queries, keys) ? [queries] : [queries, keys]))
            {
                Write(wide, weights);
                // Whoever looks at what the layers make from here on finds the original in their basis.
                shrinkage.Turn(wide.Site.Output, wide.Turned);
                _solved.Remove(wide.Site.Output);
            }
        }

        return new FitOutcome(site.Name, solution.ErrorBefore, solution.ErrorAfter, solution.Ridge, UsesDrift: false);
    }

    /// <summary>Whether a layer is fitted as one map, with every constant that is added to it.</summary>
    private bool Covers(ScoreOperand operand) =>
        sites.FirstOrDefault(s => s.Output == operand.Layer.Output) is { Expand: null, Along: null, Sharers.Count: 0, Beside: null, Range: null, Turn: not null, Map.Groups: 1 } site
        && operand.Biases.All(b => site.TakesBias && (site.Last.BiasInput == b.Constant || site.BiasBehind == b.Constant))
        // Another product may take another part of what it makes.
        && shrinkage.Products.Count(p => p.Queries.Layer.Output == site.Output || p.Keys.Layer.Output == site.Output) == 1;

    /// <summary>All that is added to the outputs, whether by the layer or behind it.</summary>
    private static double[] Full(FitSite site, int[] places, double[]? bias)
    {
        var full = bias is null ? new double[places.Length] : (double[])bias.Clone();
        if (site.AddedTurned is { } added)
        {
            for (var i = 0; i < full.Length; i++)
            {
                full[i] += added[places[i]];
            }
        }

        return full;
    }

    private void Narrow(ScoreProduct product, Wide queries, Wide keys)
    {
        var size = product.Columns.Length;
        foreach (var (key, heads) in product.Heads)
        {
            var keyRows = keys.RowsOf(ScoreOperand.OfHead(product.Keys.Places, key, size));
            int[][] queryRows = [.. heads.Select(h => queries.RowsOf(ScoreOperand.OfHead(product.Queries.Places, h, size))).Where(rows => rows[0] >= 0)];
            if (keyRows[0] < 0 || queryRows.Length == 0)
            {
                continue;
            }

            var sum = new Matrix<double>(size, size);
            foreach (var rows in queryRows)
            {
                var gram = queries.Gram(rows, aboutMeans: false, backend);
                for (var i = 0; i < sum.Values.Length; i++)
                {
                    sum.Values[i] += gram.Values[i];
                }
            }

            var basis = ScoreBasis.Of(new HeadMoments(sum, keys.Gram(keyRows, product.TakesAnyShift, backend)), backend);
            keys.Turn(keyRows, basis.Keys);
            Array.ForEach(queryRows, rows => queries.Turn(rows, basis.Queries));
        }
    }

    private static void Write(Wide wide, FitWeights weights)
    {
        var (site, rows) = (wide.Site, wide.RowsOf(wide.Site.KeptOutputs!));
        var kept = new Matrix<double>(rows.Length, wide.Weights.Columns);
        for (var k = 0; k < rows.Length; k++)
        {
            wide.Weights.Row(rows[k]).CopyTo(kept.Row(k));
        }

        var bias = site.TakesBias ? rows.Select((row, k) => wide.Bias[row] - (site.AddedOriginally?[k] ?? 0)).ToArray() : null;
        weights.Write(site, [new LayerSolution(kept, null, bias, 0, 0, Ridge: 0, UsesDrift: false)]);
    }

    /// <summary>A layer with all directions.</summary>
    /// <param name="Site">The layer, with those that stay.</param>
    /// <param name="Places">Outputs of the original that the rows of <paramref name="Weights"/> make.</param>
    /// <param name="Weights"><c>outputs x inputs</c>.</param>
    /// <param name="Bias">All that is added.</param>
    /// <param name="Moments">Of what it reads.</param>
    private sealed record Wide(FitSite Site, int[] Places, Matrix<double> Weights, double[] Bias, TargetMoments Moments)
    {
        /// <summary>The rows of outputs; -1 for those that went with their head.</summary>
        public int[] RowsOf(int[] outputs) => [.. outputs.Select(o => Array.BinarySearch(Places, o) is >= 0 and var row ? row : -1)];

        /// <summary>Second moments of what some rows make, or those about their means.</summary>
        public Matrix<double> Gram(int[] rows, bool aboutMeans, IDenseBackend backend)
        {
            var part = new Matrix<double>(rows.Length, Weights.Columns);
            for (var i = 0; i < rows.Length; i++)
            {
                Weights.Row(rows[i]).CopyTo(part.Row(i));
            }

            var gram = backend.Multiply(part, backend.Multiply(part, Moments.Normal), Transpose.No, Transpose.Yes);
            var means = new double[rows.Length];
            for (var i = 0; i < rows.Length; i++)
            {
                var row = part.Row(i);
                for (var c = 0; c < row.Length; c++)
                {
                    means[i] += row[c] * Moments.InputMeans[c];
                }
            }

            for (var i = 0; i < rows.Length; i++)
            {
                for (var j = 0; j < rows.Length; j++)
                {
                    var (b, c) = (Bias[rows[i]], Bias[rows[j]]);
                    gram[i, j] = (gram[i, j] / Moments.Rows) + (aboutMeans ? -means[i] * means[j] : (means[i] * c) + (b * means[j]) + (b * c));
                }
            }

            return gram;
        }

        /// <summary>What heads have been multiplied with, beyond what the plan says.</summary>
        public List<HeadTurn> Turned { get; } = [];

        /// <summary>Brings the rows of a head to another basis.</summary>
        public void Turn(int[] rows, Matrix<double> basis)
        {
            Turned.Add(new HeadTurn([.. rows.Select(row => Places[row])], basis));
            var one = new LayerTurn([new HeadTurn(rows, basis)]);
            one.ApplyToRows(Weights);
            one.Apply(Bias);
        }
    }
}
