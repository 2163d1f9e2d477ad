using System.Globalization;
using OnnxCompress.Verification;

namespace OnnxCompress.Reporting;

/// <summary>Reports as the tables that people read.</summary>
internal static class ResultTables
{
    /// <summary>Pairs of runs differ by as much from one time to the next: above this nobody should call a model faster.</summary>
    private const double SurelyFaster = 0.98;

    /// <summary>Cost of both models side by side.</summary>
    public static ResultTable Costs(ReportedCost original, ReportedCost compressed, ReportedLatency? latency)
    {
        var rows = new List<IReadOnlyList<string>>
        {
            Row("parameters", Figures.Count(original.Parameters), Figures.Count(compressed.Parameters), Share(compressed.Parameters, original.Parameters)),
            Row("MACs", Figures.Count(original.Macs), Figures.Count(compressed.Macs), Share(compressed.Macs, original.Macs)),
            Row("size", Figures.Bytes(original.Bytes), Figures.Bytes(compressed.Bytes), Share(compressed.Bytes, original.Bytes)),
        };
        if (latency is not null)
        {
            var threads = latency.Threads == 0 ? "all cores" : latency.Threads == 1 ? "1 thread" : $"{latency.Threads} threads";
            rows.Add(Row(
                $"latency (batch {latency.Batch}, {threads})",
                Figures.Milliseconds(original.LatencyMs),
                Figures.Milliseconds(compressed.LatencyMs),
                latency.Ratio < SurelyFaster ? Figures.Percent(latency.Ratio) : $"{Figures.Percent(latency.Ratio)}, not faster"));
        }

        return new("", [new("cost"), new("original", true), new("compressed", true), new("of original", true)], rows);
    }

    /// <summary>What samples say.</summary>
    /// <param name="verification">What was found.</param>
    /// <param name="samples">What the samples are called: <c>samples</c> or <c>held-out samples</c>.</param>
    public static ResultTable Verification(ReportedVerification verification, string samples)
    {
        var rows = new List<IReadOnlyList<string>>();
        if (verification.Agreement is not null)
        {
            rows.Add(Row(
                "same decision", Figures.FinePercent(verification.Agreement), $"on data like these; at least {Figures.FinePercent(verification.AgreementLower95)} with 95% confidence"));
        }

        if (verification.CautiousAgreement is { } cautious)
        {
            rows.Add(Row("same decision, cautious", Figures.FinePercent(cautious), "to expect on data the network was not trained on"));
        }

        rows.AddRange(verification.Decisions.SelectMany(decision => Decision(decision, verification.Decisions.Count > 1)));
        foreach (var output in verification.Outputs)
        {
            var cosine = output.Cosine?.ToString("F5", CultureInfo.InvariantCulture) ?? "-";
            var noise = output.SignalToNoiseDb is { } db ? string.Create(CultureInfo.InvariantCulture, $", SQNR {db:F1} dB") : "";
            rows.Add(Row($"relative error of {output.Name}", Figures.Error(output.RelativeError), $"cosine {cosine}{noise}"));
        }

        if (verification.Accuracy is { } accuracy)
        {
            rows.Add(Row("accuracy, original", Figures.FinePercent(accuracy.Original), ""));
            var difference = string.Create(CultureInfo.InvariantCulture, $"{100 * (accuracy.Compressed - accuracy.Original):+0.00;-0.00;0.00} points");
            var p = accuracy.McNemarP.ToString("G2", CultureInfo.InvariantCulture);
            rows.Add(Row("accuracy, compressed", Figures.FinePercent(accuracy.Compressed), $"{difference} (McNemar p = {p})"));
        }

        return new($"on {ReportSentences.Counted(verification, samples)}", [new("measure"), new("value", true), new("note")], rows);
    }

    // With one rule its agreement stands above already.
    private static IEnumerable<string[]> Decision(ReportedDecision decision, bool isOneOfMany)
    {
        if (isOneOfMany)
        {
            yield return Row($"same decision of {decision.Output}", Figures.FinePercent(decision.Agreement), decision.Rule);
        }

        foreach (var figure in decision.Figures)
        {
            yield return Row(figure.Meaning, Exact(figure.Value), isOneOfMany ? decision.Output : decision.Rule);
        }
    }

    /// <summary>What the user's own judge says.</summary>
    public static ResultTable Judged(JudgeScore judged) => new(
        "by the judge",
        [new("measure"), new("value", true)],
        [Row("score", Exact(judged.Score)), .. judged.Figures.Select(figure => Row(figure.Name, Exact(figure.Value)))]);

    /// <summary>What happened where.</summary>
    public static ResultTable Sites(IReadOnlyList<ReportedSite> sites) => new(
        "what was cut",
        [new("site"), new("method"), new("kept", true), new("predicted error", true), new("measured error", true)],
        [.. sites.Select(site => Row(
            site.Site,
            site.Split is { } split ? $"{site.Method} ({split})" : site.Method,
            site.Rank is { } rank
                ? string.Create(CultureInfo.InvariantCulture, $"rank {rank} of {site.Of}")
                : string.Create(CultureInfo.InvariantCulture, $"{site.Kept} of {site.Of}"),
            Figures.Error(site.PredictedError),
            Figures.Error(site.MeasuredError)))]);

    /// <summary>Results in other numbers that were compared.</summary>
    public static ResultTable Considered(IReadOnlyList<ReportedForm> considered, long original) => new(
        "numbers compared on validation samples",
        [new("form"), new("removed"), new("size", true), new("same decision", true), new("relative error", true), new("time", true), new("")],
        [.. considered.Select(form => Row(
            ReportSentences.Form(form),
            form.RemovesNothing ? "nothing" : "by the methods",
            form.Bytes == 0 ? "-" : Share(form.Bytes, original),
            Figures.FinePercent(form.Agreement),
            Figures.Error(form.RelativeError),
            form.TimeShare is { } time ? Figures.Percent(time) : "-",
            form.Chosen ? "taken" : form.Refused ?? ""))]);

    /// <summary>Looked-up tables of which some rows went.</summary>
    public static ResultTable Vocabulary(IReadOnlyList<ReportedVocabulary> tables) => new(
        "vocabulary",
        [new("table"), new("ids of"), new("rows", true), new("of", true), new("parameters gone", true), new("other ids get"), new("held-out samples with other ids", true)],
        [.. tables.Select(table => Row(
            table.Table,
            string.Join(", ", table.Inputs),
            Figures.Count(table.Kept),
            Figures.Count(table.Of),
            Figures.Count(table.Parameters),
            table.Unknown is { } row ? $"row {row}" : "nearest to their mean",
            table is { HeldOut: > 0 and var all, HeldOutUnmapped: { } some } ? $"{some} of {all} ({Figures.Percent((double)some / all)})" : "-"))]);

    /// <summary>The numbers that layers are stored and run in, summed by form and reason.</summary>
    public static ResultTable Precision(ReportedPrecision precision) => new(
        "numbers",
        [new("form"), new("layers", true), new("parameters", true), new("largest error", true), new("why")],
        [.. precision.Layers
            .GroupBy(layer => (layer.Form, layer.Reason))
            .Select(group => Row(
                group.Key.Form, Figures.Count(group.Count()), Figures.Count(group.Sum(layer => layer.Parameters)), Figures.Error(group.Max(layer => layer.Error)),
                group.Key.Reason is { } reason ? $"{reason} ({group.First().Layer})" : ""))]);

    /// <summary>Where the parameters of a file are.</summary>
    public static ResultTable Account(ReportedAccount account)
    {
        string[] Of(string what, long count, string means) => Row(what, Figures.Count(count), Share(count, account.Total), means);
        return new(
            "where the parameters are",
            [new("part"), new("parameters", true), new("share", true), new("what it means")],
            [
                Of("in channel groups", account.InGroups, "their channels can be removed; most of them can be split too"),
                Of("only splittable", account.OnlySplittable, "svd takes them; their channels stay"),
                Of("quantised", account.Quantised, "integers already; nothing is done to them"),
                Of("left alone", account.Refused, "see the reasons below"),
                Of("not weights", account.NotWeights, "biases, scales and numbers that no layer multiplies with"),
                Of("all of the file", account.Total, ""),
            ]);
    }

    /// <summary>What was left alone, summed by reason.</summary>
    public static ResultTable RefusedByReason(IReadOnlyList<ReportedRefusal> refused) => new(
        "left alone, by reason",
        [new("code"), new("parts", true), new("parameters", true), new("why (first of them)")],
        [.. refused
            .GroupBy(refusal => refusal.Code, StringComparer.Ordinal)
            .OrderByDescending(group => group.Sum(refusal => refusal.Parameters))
            .ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Row(
                group.Key, Figures.Count(group.Count()), Figures.Count(group.Sum(refusal => refusal.Parameters)), group.First().Reason))]);

    /// <summary>What is left alone by weight held back, with what would help.</summary>
    public static ResultTable HeldBack(IReadOnlyList<InspectedRefusal> refused) => new(
        "left alone, by reason",
        [new("code"), new("parts", true), new("parameters", true), new("why (the heaviest of them), and what would help")],
        [.. refused
            .GroupBy(refusal => refusal.Code, StringComparer.Ordinal)
            .OrderByDescending(group => group.Sum(refusal => refusal.Parameters))
            .ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (Group: group, Heaviest: group.MaxBy(refusal => refusal.Parameters)!))
            .Select(g => Row(
                g.Group.Key, Figures.Count(g.Group.Count()), Figures.Count(g.Group.Sum(refusal => refusal.Parameters)),
                g.Heaviest.Help is { } help ? $"{g.Heaviest.Reason} {help}" : g.Heaviest.Reason))]);

    /// <summary>What was left alone, one by one.</summary>
    public static ResultTable Refused(IReadOnlyList<ReportedRefusal> refused) => new(
        "left alone",
        [new("node"), new("code"), new("parameters", true), new("why")],
        [.. refused.Select(refusal => Row(refusal.Node, refusal.Code, Figures.Count(refusal.Parameters), refusal.Reason))]);

    /// <summary>Models that were explored.</summary>
    /// <param name="points">The models.</param>
    /// <param name="original">What they are made from.</param>
    public static ResultTable Frontier(IReadOnlyList<ReportedFrontierPoint> points, ReportedCost original)
    {
        // Models in one kind of numbers lie on one line: there size alone says which is which.
        var isMixed = points.Select(point => point.Form).Distinct().Count() > 1;
        string[] Cells(ReportedFrontierPoint point) =>
        [
            original.Macs is > 0 and var macs && point.Macs is { } left ? $"{Figures.Percent((double)left / macs)} of MACs" : $"{Figures.Percent((double)point.Parameters / Math.Max(1, original.Parameters))} of parameters",
            .. isMixed ? [point.Form] : Array.Empty<string>(),
            Figures.Count(point.Parameters),
            Figures.Count(point.Macs),
            Figures.Bytes(point.Bytes),
            Marked(Figures.Milliseconds(point.LatencyMs), point.IsLatencyNoise),
            Marked(Figures.FinePercent(point.Agreement), point.IsAgreementNoise),
            Figures.FinePercent(point.AgreementLower95),
            Figures.Error(point.RelativeError),
            .. isMixed ? [point.IsBeaten ? "" : "*"] : Array.Empty<string>(),
        ];
        string[] first =
        [
            "original", .. isMixed ? ["-"] : Array.Empty<string>(), Figures.Count(original.Parameters), Figures.Count(original.Macs), Figures.Bytes(original.Bytes), Figures.Milliseconds(original.LatencyMs),
            "-", "-", "-", .. isMixed ? [""] : Array.Empty<string>(),
        ];
        return new(
            "frontier",
            [
                new("model"), .. isMixed ? [new ResultColumn("numbers")] : Array.Empty<ResultColumn>(), new("parameters", true), new("MACs", true), new("size", true), new("latency", true),
                new("same decision", true), new("at least", true), new("relative error", true), .. isMixed ? [new ResultColumn("best")] : Array.Empty<ResultColumn>(),
            ],
            points.Count == 0 ? [] : [Row(first), .. points.Select(point => Row(Cells(point)))]);
    }

    private static string Marked(string figure, bool isNoise) => isNoise ? $"~ {figure}" : figure;

    /// <summary>Decisions that changed.</summary>
    public static ResultTable Changed(IReadOnlyList<ReportedChange> changes)
    {
        // Most outputs decide once for each sample; then the position says nothing.
        var positions = changes.Any(change => change.Position != 0);
        string[] Cells(ReportedChange change) =>
        [
            change.Sample.ToString(CultureInfo.InvariantCulture),
            change.File ?? "-",
            .. positions ? [change.Position.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
            change.OriginalText ?? change.Original.ToString(CultureInfo.InvariantCulture),
            change.CompressedText ?? change.Compressed.ToString(CultureInfo.InvariantCulture),
            Figures.Error(change.OriginalMargin),
            Figures.Error(change.CompressedMargin),
        ];
        return new(
            "decisions that changed",
            [
                new("sample"), new("file"), .. positions ? [new ResultColumn("position", true)] : Array.Empty<ResultColumn>(),
                new("original", true), new("compressed", true), new("original's margin", true), new("compressed's margin", true),
            ],
            [.. changes.Select(Cells)]);
    }

    private static string Exact(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    private static string[] Row(params string[] cells) => cells;

    private static string Share(long? part, long? whole) =>
        part is { } some && whole is { } all and > 0 ? Figures.Percent((double)some / all) : "-";
}
