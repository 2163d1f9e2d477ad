using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OnnxCompress.MSBuild;

/// <summary>Paths as the build writes them. Nothing here looks at the current directory.</summary>
internal static class BuildPaths
{
    /// <summary>What names of files end in that are not finished.</summary>
    public const string Unfinished = ".tmp";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>A path from a project file, in full.</summary>
    /// <param name="folder">The project's folder.</param>
    /// <param name="path">Relative to it, or full; either slash.</param>
    public static string Full(string folder, string path)
    {
        var native = Path.DirectorySeparatorChar == '/' ? path.Replace('\\', '/') : path;
        return Path.GetFullPath(Path.Combine(folder, native));
    }

    /// <summary>The path inside a folder, or null when it lies outside.</summary>
    public static string? Inside(string folder, string path)
    {
        var root = folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar;
        return path.StartsWith(root, StringComparison.Ordinal) ? path.Substring(root.Length) : null;
    }

    /// <summary>Text as it stands in an item or its metadata: MSBuild's special characters as %XX.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            _ = "%*?@$();'".IndexOf(c) >= 0 ? escaped.Append('%').Append(((int)c).ToString("x2", CultureInfo.InvariantCulture)) : escaped.Append(c);
        }

        return escaped.ToString();
    }

    /// <summary>The SHA-256 of text, in hexadecimal.</summary>
    public static string Hash(string text)
    {
        using var sha = SHA256.Create();
        return Hex(sha.ComputeHash(Utf8.GetBytes(text)));
    }

    /// <summary>Bytes in lower-case hexadecimal.</summary>
    public static string Hex(byte[] bytes)
    {
        var text = new StringBuilder(2 * bytes.Length);
        foreach (var b in bytes)
        {
            _ = text.Append(b.ToString("x2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    /// <summary>Writes a text file only when it says something else: its time is that of its last change.</summary>
    public static void WriteIfDifferent(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path, Utf8) == text)
        {
            return;
        }

        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Replace(path, text);
    }

    /// <summary>
    /// Writes a text file down to the disk, then renames it: nobody sees half of it. Who else writes it must be kept away by
    /// a lock. The unfinished file always has the same name, so that what a killed build left is written over.
    /// </summary>
    public static void Replace(string path, string text)
    {
        var temporary = path + Unfinished;
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            var bytes = Utf8.GetBytes(text);
            stream.Write(bytes, 0, bytes.Length);
            stream.Flush(flushToDisk: true);
        }

        if (File.Exists(path))
        {
            File.Replace(temporary, path, null);
        }
        else
        {
            File.Move(temporary, path);
        }
    }
}
