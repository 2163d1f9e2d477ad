using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Vocabularies;

/// <summary>Decides which rows of a model's tables stay.</summary>
/// <param name="model">The model as it was given.</param>
internal sealed class VocabularyRows(OnnxModel model)
{
    /// <summary>A node more, beside the entries of the map.</summary>
    private const long BytesOfMap = 128;

    private readonly IndexValues _values = new(model.Graph);

    /// <summary>Tables with rows that nobody uses, and refusals of others.</summary>
    /// <param name="request">What stays.</param>
    /// <param name="samples">Samples whose ids stay, where the request lists none.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">OCX3031: there is no table, or an id is beyond it.</exception>
    public (IReadOnlyList<CutTable> Cuts, IReadOnlyList<Refusal> Refused) Of(VocabularyRequest request, ISampleSource samples, CancellationToken cancellation)
    {
        var (tables, refused) = LookedUpTables.Find(model, _values);
        if (tables.Count + refused.Count == 0)
        {
            throw VocabularyRequest.Unusable("no table of this model is looked up with the ids of an integer input");
        }

        if (request.Ids is null && samples is RandomSampleSource)
        {
            throw VocabularyRequest.Unusable("without data it is not known which ids are used; give data, or a list of ids");
        }

        var refusals = refused.ToList();
        var (ids, counting) = request.Ids is { } listed ? (Listed(listed, tables), []) : Used(samples, tables, cancellation);
        var cuts = new List<CutTable>();
        foreach (var table in tables.Where(t => t.Inputs.All(ids.ContainsKey)))
        {
            if (table.Inputs.FirstOrDefault(counting.Contains) is { } positions)
            {
                refusals.Add(LookedUpTables.Refused(table, $"the values of '{positions}' move by one at most in every sample, as positions do, and longer samples have more of them"));
            }
            else if (Cut(table, ids, request.UnknownId, refusals, cancellation) is { } cut)
            {
                cuts.Add(cut);
            }
        }

        return (cuts, refusals);
    }

    /// <summary>The tables of a plan.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public IReadOnlyList<CutTable> Of(IReadOnlyList<TableRows> planned, CancellationToken cancellation)
    {
        if (planned.Count == 0)
        {
            return [];
        }

        var (tables, _) = LookedUpTables.Find(model, _values);
        return
        [
            .. planned.Select(rows => tables.FirstOrDefault(t => t.Name == rows.Table && t.Rows == rows.Of) is { } table
                ? new CutTable(rows with { Inputs = table.Inputs }, table, Places(table, rows, cancellation))
                : throw new OnnxCompressException(DiagnosticCodes.PlanMismatch, $"The plan keeps rows of a table '{rows.Table}' of {rows.Of} rows, and the model has none whose rows may go.")),
        ];
    }

    /// <summary>Samples that hold an id whose row went.</summary>
    /// <param name="cuts">The tables.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <returns>For each table, how many samples.</returns>
    public int[] Unmapped(IReadOnlyList<CutTable> cuts, ISampleSource samples, CancellationToken cancellation)
    {
        var counts = new int[cuts.Count];
        HashSet<int>[] kept = [.. cuts.Select(c => c.Rows.Kept.ToHashSet())];
        foreach (var ids in FedIds.Each(samples, model.Inputs, [.. cuts.SelectMany(c => c.Table.Inputs)]))
        {
            cancellation.ThrowIfCancellationRequested();
            for (var i = 0; i < cuts.Count; i++)
            {
                counts[i] += cuts[i].Table.Reached(_values, name => ids.GetValueOrDefault(name) ?? [])!.Any(r => !kept[i].Contains((int)r)) ? 1 : 0;
            }
        }

        return counts;
    }

    private static Dictionary<string, IReadOnlyCollection<long>> Listed(IReadOnlyCollection<long> ids, IReadOnlyList<LookedUpTable> tables) =>
        tables.Count == 0 ? [] : tables[0].Inputs.ToDictionary(i => i, _ => ids, StringComparer.Ordinal);

    /// <summary>The ids of every input, and the inputs that count positions.</summary>
    private (Dictionary<string, IReadOnlyCollection<long>> Ids, HashSet<string> Counting) Used(ISampleSource samples, IReadOnlyList<LookedUpTable> tables, CancellationToken cancellation)
    {
        string[] names = [.. tables.SelectMany(t => t.Inputs).Distinct(StringComparer.Ordinal)];
        var used = names.ToDictionary(n => n, _ => new HashSet<long>(), StringComparer.Ordinal);
        var (counting, others) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var ids in FedIds.Each(samples, model.Inputs, names))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var name in names)
            {
                var values = ids.GetValueOrDefault(name) ?? [];
                used[name].UnionWith(values);
                if (values.Length > 1)
                {
                    _ = (MoveByOne(values) ? counting : others).Add(name);
                }
            }
        }

        counting.ExceptWith(others);
        return (used.ToDictionary(u => u.Key, u => (IReadOnlyCollection<long>)u.Value, StringComparer.Ordinal), counting);
    }

    /// <summary>Whether neighbours are the same or next to each other, as numbers of positions are, padded ones included.</summary>
    private static bool MoveByOne(long[] values)
    {
        for (var i = 1; i < values.Length; i++)
        {
            if (values[i] - values[i - 1] is < -1 or > 1)
            {
                return false;
            }
        }

        return true;
    }

    private CutTable? Cut(LookedUpTable table, Dictionary<string, IReadOnlyCollection<long>> ids, long? unknown, List<Refusal> refusals, CancellationToken cancellation)
    {
        if (table.Reached(_values, name => ids[name]) is not { } reached)
        {
            refusals.Add(LookedUpTables.Refused(table, "too many ids and constants are combined to row numbers"));
            return null;
        }

        var stand = unknown is { } id ? RowOf(table, id) : (int?)null;
        if (stand is { } one)
        {
            _ = reached.Add(one);
        }

        if (reached.Count == 0 || reached.Any(r => r < 0 || r >= table.Rows))
        {
            var beyond = reached.Count == 0 ? 0 : reached.First(r => r < 0 || r >= table.Rows);
            throw VocabularyRequest.Unusable(reached.Count == 0 ? $"no id reaches '{table.Name}'" : $"an id leads to row {beyond} of '{table.Name}', which has {table.Rows} rows");
        }

        int[] kept = [.. reached.Select(r => (int)r).Order()];
        var gone = table.Rows - kept.Length;
        if (gone == 0 || gone * table.RowBytes(model.Graph) <= ((long)table.Rows * sizeof(int)) + BytesOfMap)
        {
            refusals.Add(LookedUpTables.Refused(table, gone == 0 ? "all of them are used" : $"{gone} of {table.Rows} are not used, and a map would take as much as they do"));
            return null;
        }

        var rows = new TableRows(table.Name, table.Inputs, kept, table.Rows) { Unknown = stand ?? StandInRow.Of(TableValues.Of(table, model.Graph), table.Rows, kept) };
        return new CutTable(rows, table, Places(table, rows, cancellation));
    }

    /// <summary>The row that an id leads to.</summary>
    private int RowOf(LookedUpTable table, long id)
    {
        // What is joined with ids on the way is there without any, too.
        var joined = table.Reached(_values, _ => []);
        var rows = table.Reached(_values, _ => [id]);
        rows?.ExceptWith(joined ?? []);
        return rows is { Count: 1 } && rows.First() is var row && row >= 0 && row < table.Rows
            ? (int)row
            : throw VocabularyRequest.Unusable($"the unknown id {id} leads to no single row of '{table.Name}', which has {table.Rows} rows");
    }

    private int[] Places(LookedUpTable table, TableRows rows, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var stand = rows.Unknown ?? StandInRow.Of(TableValues.Of(table, model.Graph), table.Rows, rows.Kept);
        var places = new int[table.Rows];
        int[] kept = [.. rows.Kept];
        Array.Fill(places, Array.BinarySearch(kept, stand));
        for (var k = 0; k < kept.Length; k++)
        {
            places[kept[k]] = k;
        }

        return places;
    }
}
