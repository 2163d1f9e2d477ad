using System.Globalization;
using System.Text;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Vocabularies;

/// <summary>Which rows of looked-up tables are asked for: the ids that samples or a list use, and what stands in for others.</summary>
public sealed record VocabularyRequest
{
    /// <summary>An id has at most twenty characters, and a vocabulary some millions of them.</summary>
    private const long LargestBytes = 1L << 30;

    /// <summary>The ids that the statistics samples hold.</summary>
    public static VocabularyRequest Used { get; } = new();

    /// <summary>Ids of the input that reads the largest table; null: those that the statistics samples hold, for every input.</summary>
    public IReadOnlyCollection<long>? Ids { get; init; }

    /// <summary>The id whose row every other id gets; it stays. Null: each gets the nearest row that stays, by Euclidean distance.</summary>
    public long? UnknownId { get; init; }

    /// <summary>Reads a list of ids, one a line.</summary>
    /// <param name="path">A text file; blank lines are skipped.</param>
    /// <exception cref="OnnxCompressException">OCX3031: it cannot be read, or a line holds no id.</exception>
    public static VocabularyRequest Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            var lines = Encoding.UTF8.GetString(InputFile.ReadAllBytes(path, LargestBytes)).TrimStart('\uFEFF').Split('\n');
            var ids = new List<long>(lines.Length);
            for (var i = 0; i < lines.Length; i++)
            {
                if (lines[i].Trim() is { Length: > 0 } line)
                {
                    ids.Add(long.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id) ? id
                        : throw Unusable($"line {i + 1} of '{path}' is '{(line.Length > 40 ? line[..40] : line)}', and an id is a whole number, one a line"));
                }
            }

            return ids.Count > 0 ? new() { Ids = ids } : throw Unusable($"'{path}' holds no ids");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable($"'{path}' cannot be read: {e.Message.Split('\n')[0]}");
        }
    }

    /// <summary>A list of ids, or an id, that does not go with the model.</summary>
    internal static OnnxCompressException Unusable(string why) => new(DiagnosticCodes.VocabularyUnusable, $"The vocabulary cannot be used: {why}.");
}
