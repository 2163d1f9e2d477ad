using System.Globalization;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Says what inputs need, all of them at once, as it would be typed.</summary>
internal static class InputNeeds
{
    /// <summary>Lengths that dynamic axes may have where somebody must choose one.</summary>
    private const int Length = 16, Side = 224;

    /// <summary>The options that would feed inputs, one after the other.</summary>
    public static string Data(IEnumerable<InputFeed> feeds) => string.Join(' ', feeds.Select(feed => $"-d {feed.Input.Name}={What(feed)}"));

    /// <summary>Inputs by name and shape.</summary>
    public static string Names(IEnumerable<TensorInfo> inputs)
    {
        string[] all = [.. inputs.Select(input => input.ToString())];
        return all.Length == 1 ? all[0] : $"{string.Join(", ", all[..^1])} and {all[^1]}";
    }

    /// <summary>The options that would say how large inputs are.</summary>
    /// <param name="feeds">Inputs with dynamic axes.</param>
    public static string Shapes(IEnumerable<InputFeed> feeds) => string.Join(' ', feeds.Select(feed =>
        $"--shape {feed.Input.Name}={string.Join(',', (feed.Input.Dims ?? []).Select((dim, axis) => Size(dim, axis == feed.BatchAxis, feed.Input.Name)))}"));

    /// <summary>What an input that is no tensor of numbers is called; null for those that can be fed.</summary>
    public static string? Unfeedable(TensorInfo input) => input.Type switch
    {
        ElementType.Text => "strings",
        ElementType.Undefined => input.Kind ?? "no tensor",
        _ => null,
    };

    private static string What(InputFeed feed) =>
        feed.BatchAxis is null ? feed.Input.Dims is { Count: 0 } ? "VALUE" : "@PATH" : "PATH";

    private static string Size(Dimension dim, bool isBatch, string input) => (dim.Value
        ?? (isBatch ? 1 : IsPast(dim.Symbol) || GivenValue.IsPast(input) ? 0 : IsSide(dim.Symbol) ? Side : Length)).ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether a name of an axis says that it counts what came before.</summary>
    public static bool IsPast(string? symbol) => symbol is not null && symbol.Contains("past", StringComparison.OrdinalIgnoreCase) && !symbol.Contains('+', StringComparison.Ordinal);

    private static bool IsSide(string? symbol) => symbol is not null
        && (symbol.Contains("height", StringComparison.OrdinalIgnoreCase) || symbol.Contains("width", StringComparison.OrdinalIgnoreCase) || symbol is "H" or "W" or "h" or "w");
}
