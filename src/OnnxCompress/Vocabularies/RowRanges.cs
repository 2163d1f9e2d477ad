using System.Globalization;
using System.Text;

namespace OnnxCompress.Vocabularies;

/// <summary>Ascending whole numbers as people read them: <c>0-5,7,9-20</c>.</summary>
internal static class RowRanges
{
    /// <summary>The text of ascending numbers.</summary>
    public static string Write(IReadOnlyList<int> rows)
    {
        var text = new StringBuilder();
        for (int start = 0, end; start < rows.Count; start = end)
        {
            end = start + 1;
            while (end < rows.Count && rows[end] == rows[end - 1] + 1)
            {
                end++;
            }

            _ = text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{rows[start]}");
            _ = end - start > 1 ? text.Append(CultureInfo.InvariantCulture, $"-{rows[end - 1]}") : text;
        }

        return text.ToString();
    }

    /// <summary>The numbers of a text; null where it is no list of ascending ranges below a bound.</summary>
    /// <param name="text">Ranges.</param>
    /// <param name="bound">All numbers are smaller.</param>
    public static int[]? Read(string text, int bound)
    {
        var rows = new List<int>();
        foreach (var range in text.Split(','))
        {
            var ends = range.Split('-');
            if (ends.Length > 2 || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
                || first > last || last >= bound || (rows.Count > 0 && first <= rows[^1]))
            {
                return null;
            }

            rows.AddRange(Enumerable.Range(first, last - first + 1));
        }

        return [.. rows];
    }

    /// <summary>What makes one choice of rows another: for each table its name, its ranges, and the row that stands in.</summary>
    public static string Text(IEnumerable<CutTable> cuts) =>
        string.Concat(cuts.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Rows.Table} {Write(c.Rows.Kept)} {c.Rows.Unknown}\n")));
}
