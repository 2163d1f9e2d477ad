using System.Globalization;

namespace OnnxCompress.Reporting;

/// <summary>Numbers as people read them, the same in every culture.</summary>
internal static class Figures
{
    /// <summary>A whole number with separators: <c>1,234,567</c>; a dash when there is none.</summary>
    public static string Count(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>Bytes: <c>1,023 B</c>, <c>1.07 MB</c> (powers of 1,000).</summary>
    public static string Bytes(long value) => value switch
    {
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{value:N0} B"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:F1} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:F2} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value / 1e9:F2} GB"),
    };

    /// <summary>A share as percent with one digit: <c>51.3%</c>; a dash when there is none.</summary>
    public static string Percent(double? share) => share is { } value ? string.Create(CultureInfo.InvariantCulture, $"{100 * value:F1}%") : "-";

    /// <summary>A share as percent with two digits: <c>98.25%</c>; a dash when there is none.</summary>
    public static string FinePercent(double? share) => share is { } value ? string.Create(CultureInfo.InvariantCulture, $"{100 * value:F2}%") : "-";

    /// <summary>Milliseconds with three significant digits; a dash when there are none.</summary>
    public static string Milliseconds(double? value) => value switch
    {
        null => "-",
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{value:F3} ms"),
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{value:F2} ms"),
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{value:F1} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value:N0} ms"),
    };

    /// <summary>A relative error with four digits: <c>0.0123</c>, <c>1.2e-07</c> when tiny; a dash when there is none.</summary>
    public static string Error(double? value) => value switch
    {
        null => "-",
        0 => "0",
        < 1e-4 => value.Value.ToString("0.0e+00", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("F4", CultureInfo.InvariantCulture),
    };
}
