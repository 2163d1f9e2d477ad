using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>
/// Plans as JSON that people read, review and commit: one entry for each site, with what stays, the predicted error and
/// the reason. Reading gives back exactly what was written.
/// </summary>
internal static class PlanFile
{
    private const int Schema = 1;

    /// <summary>A plan is a list of numbers; one that is larger is none.</summary>
    private const long LargestBytes = 64 << 20;

    private static readonly PlanJsonContext Context = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>The text of a plan.</summary>
    public static string ToText(CompressionPlan plan) =>
        JsonSerializer.Serialize(new PlanDocument(Schema, plan.ModelSha256, plan.Rule, [.. plan.Sites.Select(Entry)]) { Origin = plan.Origin }, Context.PlanDocument) + "\n";

    /// <summary>Reads a plan.</summary>
    /// <exception cref="OnnxCompressException">OCX6002: the file holds no plan.</exception>
    public static CompressionPlan Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > LargestBytes)
            {
                throw Unreadable(path, "it is larger than any plan", null);
            }

            var document = JsonSerializer.Deserialize(File.ReadAllText(path), Context.PlanDocument);
            return document is { Schema: Schema, Model: not null, Sites: not null } && !document.Sites.Contains(null)
                ? new CompressionPlan(document.Model, [.. document.Sites.Select(s => Site(s!, path))]) { Rule = document.Rule ?? "", Origin = document.Origin }
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

    private static PlanEntry Entry(SitePlan site) => site switch
    {
        ChannelPlan c => new PlanEntry(c.Site, c.Method.ToString())
        {
            Kept = [.. c.Kept],
            Factors = c.Factors is null ? null : [.. c.Factors],
            Of = c.Of,
            Ridge = c.Ridge,
            PredictedError = c.PredictedError,
            Reason = c.Factors is null
                ? FormattableString.Invariant($"the other {c.Of - c.Kept.Count} channels are explained by these up to a relative error of {c.PredictedError:F4}")
                : FormattableString.Invariant($"drawn by sensitivity, expected relative error {c.PredictedError:F4}"),
        },
        SplitPlan s => new PlanEntry(s.Site, s.Method.ToString())
        {
            Form = s.Shape.Form.ToString(),
            Rank = s.Shape.Rank,
            Groups = s.Shape.Groups,
            InnerRank = s.Shape.InnerRank,
            Of = s.LargestRank,
            PredictedError = s.PredictedError,
            Reason = FormattableString.Invariant($"{s.Shape.Rank * s.Shape.Groups} of {s.LargestRank} directions carry all but a relative error of {s.PredictedError:F4}"),
        },
        _ => throw new ArgumentException($"A plan of kind {site.GetType().Name}.", nameof(site)),
    };

    private static SitePlan Site(PlanEntry entry, string path)
    {
        if (entry.Site is null || !Enum.TryParse<CompressionMethod>(entry.Method, out var method))
        {
            throw Unreadable(path, $"the site '{entry.Site}' has no known method", null);
        }

        if (entry.Form is null)
        {
            return entry.Kept is null
                ? throw Unreadable(path, $"the site '{entry.Site}' lists neither channels nor a form", null)
                : new ChannelPlan(entry.Site, method, entry.Kept, entry.Of, entry.PredictedError, entry.Ridge ?? 0) { Factors = entry.Factors };
        }

        return Enum.TryParse<SplitForm>(entry.Form, out var form)
            ? new SplitPlan(entry.Site, new SplitShape(form, entry.Rank ?? 0, entry.Groups ?? 1, entry.InnerRank ?? 0), entry.Of, entry.PredictedError)
            : throw Unreadable(path, $"the site '{entry.Site}' has the unknown form '{entry.Form}'", null);
    }

    private static OnnxCompressException Unreadable(string path, string why, Exception? cause) =>
        new(DiagnosticCodes.PlanUnreadable, $"'{path}' holds no plan that can be read: {why}; write one with the verb 'plan'.", cause);
}
