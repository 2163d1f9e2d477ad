using System.Globalization;

namespace OnnxCompress.MSBuild;

/// <summary>A file of a result as its stamp has it. A class: lists of structs would be compiled anew in every build.</summary>
/// <param name="name">Relative to the model's folder.</param>
/// <param name="hash">The SHA-256 of its content.</param>
/// <param name="length">Bytes.</param>
/// <param name="time">Ticks, UTC.</param>
internal sealed class StampedFile(string name, string hash, long length, long time)
{
    /// <summary>Relative to the model's folder.</summary>
    public string Name => name;

    /// <summary>The SHA-256 of its content.</summary>
    public string Hash => hash;

    /// <summary>Bytes.</summary>
    public long Length => length;

    /// <summary>Ticks, UTC.</summary>
    public long Time => time;

    /// <summary>Reads one from the parts of its line.</summary>
    /// <returns>Null when it is none.</returns>
    public static StampedFile? Parse(string[] parts) =>
        parts.Length == 4
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            ? new(Uri.UnescapeDataString(parts[3]), parts[0], length, time) : null;
}
