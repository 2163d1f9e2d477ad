namespace OnnxCompress.Reporting.Shown;

/// <summary>Which words two texts have in common, in order: their longest common subsequence.</summary>
internal static class TextDifference
{
    private const int MostWords = 200;

    /// <summary>The words of both texts and whether the other has them too.</summary>
    /// <param name="one">Words between spaces; behind the 200th they are left out.</param>
    /// <param name="other">The other text.</param>
    public static (IReadOnlyList<(string Word, bool IsCommon)> One, IReadOnlyList<(string Word, bool IsCommon)> Other) Marked(string one, string other)
    {
        var (a, b) = (Words(one), Words(other));
        // The length of the common part behind each pair of places.
        var lengths = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                lengths[i, j] = a[i] == b[j] ? lengths[i + 1, j + 1] + 1 : Math.Max(lengths[i + 1, j], lengths[i, j + 1]);
            }
        }

        var (inA, inB) = (new bool[a.Length], new bool[b.Length]);
        for (var (i, j) = (0, 0); i < a.Length && j < b.Length;)
        {
            if (a[i] == b[j])
            {
                (inA[i++], inB[j++]) = (true, true);
            }
            else if (lengths[i + 1, j] >= lengths[i, j + 1])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return ([.. a.Zip(inA)], [.. b.Zip(inB)]);
    }

    private static string[] Words(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(MostWords)];
}
