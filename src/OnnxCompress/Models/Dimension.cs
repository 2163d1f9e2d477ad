using System.Globalization;

namespace OnnxCompress.Models;

/// <summary>One dimension of a declared shape: a number, or a name, or unknown.</summary>
/// <param name="Value">The size when it is fixed, else null.</param>
/// <param name="Symbol">The name when the dimension is dynamic and named.</param>
public readonly record struct Dimension(long? Value, string? Symbol = null)
{
    /// <summary>The number, the name, or <c>?</c>.</summary>
    public override string ToString() => Value?.ToString(CultureInfo.InvariantCulture) ?? Symbol ?? "?";
}
