using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Vocabularies;

namespace OnnxCompress.Allocation;

/// <summary>
/// Plans as JSON that people read, review and commit: one entry for each site, with what stays, the predicted error and
/// the reason. Reading gives back exactly what was written.
/// </summary>
internal static class PlanFile
{
    private const int Schema = 1;

    /// <summary>A plan is a list of numbers; one that is larger is none.</summary>
    private const long LargestBytes = 32 << 20;

    private static readonly PlanJsonContext Context = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        AllowDuplicateProperties = false,
        NewLine = "\n",
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The text of a plan.</summary>
    public static string ToText(CompressionPlan plan) =>
        PlainText.Escape(JsonSerializer.Serialize(
            new PlanDocument(Schema, plan.ModelSha256, plan.Rule, [.. plan.Sites.Select(Entry)]) { Precision = plan.Precision == NumberForm.Float ? null : plan.Precision.ToString(), Wider = plan.Wider.Count == 0 ? null : new(plan.Wider.ToDictionary(w => w.Key, w => w.Value.ToString()), StringComparer.Ordinal), Target = plan.Target == RunTarget.Cpu ? null : plan.Target.ToString(), Origin = plan.Origin, Rewrites = plan.Rewrites.Count == 0 ? null : [.. plan.Rewrites], Vocabulary = plan.Vocabulary.Count == 0 ? null : [.. plan.Vocabulary.Select(Entry)] }, Context.PlanDocument)) + "\n";

    /// <summary>Reads a plan.</summary>
    /// <exception cref="OnnxCompressException">OCX6002: the file holds no plan.</exception>
    public static CompressionPlan Read(string path)
    {
        try
        {
            // Editors put a mark in front that is no part of JSON.
            var bytes = InputFile.ReadAllBytes(path, LargestBytes).AsSpan();
            var document = JsonSerializer.Deserialize(bytes.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes, Context.PlanDocument);
            return document is { Schema: Schema, Model: not null, Sites: not null } && !document.Sites.Contains(null) && document.Rewrites?.Contains(null) != true
                ? new CompressionPlan(document.Model, [.. document.Sites.Select(s => Site(s!, path))])
                {
                    Rule = document.Rule ?? "",
                    Rewrites = document.Rewrites ?? [],
                    Precision = Precision(document.Precision, path),
                    Wider = (document.Wider ?? []).ToDictionary(w => w.Key, w => Numbers(w.Value, path), StringComparer.Ordinal),
                    Target = Target(document.Target, path),
                    Vocabulary = [.. (document.Vocabulary ?? []).Select(t => Table(t, path))],
                    Origin = document.Origin,
                }
                : throw Unreadable(path, $"it is no plan of schema {Schema}", null);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e.Message.Split('\n')[0], e);
        }
    }

    /// <summary>Writes a plan, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, CompressionPlan plan)
    {
        using var files = new AtomicFiles();
        files.AddText(Path.GetFullPath(path), ToText(plan));
        files.Commit();
    }

    private static PlanTable Entry(TableRows table) => new(table.Table, [.. table.Inputs], RowRanges.Write(table.Kept), table.Of) { Unknown = table.Unknown };

    private static TableRows Table(PlanTable? entry, string path) =>
        entry is { Table: { } name, Kept: { } ranges } && RowRanges.Read(ranges, entry.Of) is { } kept && (entry.Unknown is not { } stand || Array.BinarySearch(kept, stand) >= 0)
            ? new TableRows(name, [.. (entry.Inputs ?? []).OfType<string>()], kept, entry.Of) { Unknown = entry.Unknown }
            : throw Unreadable(path, $"the rows of the table '{entry?.Table}' are no ascending ranges below {entry?.Of}, or its stand-in is none of them", null);

    private static PlanEntry Entry(SitePlan site) => site switch
    {
        ChannelPlan c => new PlanEntry(c.Site, c.Method.ToString())
        {
            Turned = c.Method == CompressionMethod.LowRank && !IsOfScores(c.Site) ? true : null,
            Kept = [.. c.Kept],
            Factors = c.Factors is null ? null : [.. c.Factors],
            Of = c.Of,
            Ridge = c.Ridge,
            PredictedError = Stated(c.PredictedError),
            Reason = c.Method == CompressionMethod.Depth ? FormattableString.Invariant($"the branch goes, which leaves a relative error of {c.PredictedError:F4} in the sum")
                : c.Method == CompressionMethod.LowRank
                ? IsOfScores(c.Site)
                    ? FormattableString.Invariant($"scores of queries and keys are made by these directions of each head up to a relative error of {c.PredictedError:F4}")
                    : FormattableString.Invariant($"the stream is turned, and the last {c.Of - c.Kept.Count} of its directions go, at a relative error of {c.PredictedError:F4}")
                : c.Factors is null ? FormattableString.Invariant($"the other {c.Of - c.Kept.Count} channels are explained by these up to a relative error of {c.PredictedError:F4}")
                : FormattableString.Invariant($"drawn by sensitivity, expected relative error {c.PredictedError:F4}"),
        },
        SplitPlan s => new PlanEntry(s.Site, s.Method.ToString())
        {
            Form = s.Shape.Form.ToString(),
            Rank = s.Shape.Rank,
            Groups = s.Shape.Groups,
            InnerRank = s.Shape.InnerRank,
            Of = s.LargestRank,
            PredictedError = Stated(s.PredictedError),
            Reason = FormattableString.Invariant($"{s.Shape.Rank * s.Shape.Groups} of {s.LargestRank} directions carry all but a relative error of {s.PredictedError:F4}"),
        },
        _ => throw new ArgumentException($"A plan of kind {site.GetType().Name}.", nameof(site)),
    };

    private static bool IsOfScores(string site) => site.EndsWith("/scores", StringComparison.Ordinal);

    /// <summary>JSON has no NaN and no infinity: what is not known is left out.</summary>
    private static double? Stated(double error) => double.IsFinite(error) ? error : null;

    private static SitePlan Site(PlanEntry entry, string path)
    {
        if (entry.Site is null || Named<CompressionMethod>(entry.Method) is not { } method)
        {
            throw Unreadable(path, $"the site '{entry.Site}' has no known method", null);
        }

        // A number too large for its type is read as infinity.
        foreach (var (key, value) in ((string, double?)[])[("predictedError", entry.PredictedError), ("ridge", entry.Ridge), .. (entry.Factors ?? []).Select(f => ("factors", (double?)Math.Abs(f)))])
        {
            if (value is { } number && !(number is >= 0 and <= double.MaxValue))
            {
                throw Unreadable(path, $"'{key}' of the site '{entry.Site}' is negative or beyond all numbers", null);
            }
        }

        // Queries and keys keep the first of their directions, by the method that has forms elsewhere.
        var isOfScores = IsOfScores(entry.Site) && entry is { Form: null, Factors: null, Kept: { Length: > 0 } first } && first.Index().All(k => k.Item == k.Index);
        if (entry.Of < 1 || (entry.Form is null ? method == CompressionMethod.LowRank && !isOfScores && entry.Turned != true : method != CompressionMethod.LowRank))
        {
            throw Unreadable(path, $"the site '{entry.Site}' lacks 'of', or its method is not one for {(entry.Form is null ? "channels" : "a form")}", null);
        }

        var error = entry.PredictedError ?? 0;
        if (entry.Form is null)
        {
            return entry.Kept is null
                ? throw Unreadable(path, $"the site '{entry.Site}' lists neither channels nor a form", null)
                : new ChannelPlan(entry.Site, method, entry.Kept, entry.Of, error, entry.Ridge ?? 0) { Factors = entry.Factors };
        }

        return Named<SplitForm>(entry.Form) is { } form
            ? new SplitPlan(entry.Site, new SplitShape(form, entry.Rank ?? 0, entry.Groups ?? 1, entry.InnerRank ?? 0), entry.Of, error)
            : throw Unreadable(path, $"the site '{entry.Site}' has the unknown form '{entry.Form}'", null);
    }

    /// <summary>Plans of earlier versions say nothing of it and mean floating point.</summary>
    private static RunTarget Target(string? name, string path) => name is null
        ? RunTarget.Cpu
        : Named<RunTarget>(name) ?? throw Unreadable(path, $"'{name}' is no target that this version knows", null);

    private static NumberForm Precision(string? name, string path) => Numbers(name, path) is not NumberForm.Int8Weights and var form
        ? form
        : throw Unreadable(path, $"'{name}' is a precision of single layers", null);

    private static NumberForm Numbers(string? name, string path) => name is null
        ? NumberForm.Float
        : Named<NumberForm>(name) is { } form && form != NumberForm.Auto ? form : throw Unreadable(path, $"'{name}' is no precision that this version knows", null);

    /// <summary>The value with exactly this name: the parser of .NET also takes numbers, lists and blanks.</summary>
    private static T? Named<T>(string? name)
        where T : struct, Enum =>
        name is not null && Array.IndexOf(Enum.GetNames<T>(), name) is var index and >= 0 ? Enum.GetValues<T>()[index] : null;

    private static OnnxCompressException Unreadable(string path, string why, Exception? cause) =>
        new(DiagnosticCodes.PlanUnreadable, $"'{path}' holds no plan that can be read: {why}; write one with the verb 'plan'.", cause);
}
