using System.Text;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Lines of a text file, each with its number; one that is too long is refused before it is in memory.</summary>
internal static class BoundedLines
{
    /// <summary>A sample of a picture with three million values has fewer characters.</summary>
    public const int LongestLine = 1 << 24;

    /// <summary>The lines of a file.</summary>
    /// <param name="path">A regular file, UTF-8.</param>
    /// <exception cref="OnnxCompressException">OCX3002: a line is too long; OCX9041: no regular file.</exception>
    public static IEnumerable<(int Number, string Text)> Read(string path)
    {
        using var reader = new StreamReader(InputFile.OpenRead(path), Encoding.UTF8);
        var buffer = new char[1 << 14];
        var line = new StringBuilder();
        var number = 1;
        for (int read; (read = reader.Read(buffer)) > 0;)
        {
            var rest = new ReadOnlyMemory<char>(buffer, 0, read);
            for (int end; (end = rest.Span.IndexOf('\n')) >= 0; rest = rest[(end + 1)..])
            {
                yield return (number, Take(line.Append(rest[..end])));
                number++;
            }

            line.Append(rest);
            if (line.Length > LongestLine)
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.DataMalformed, $"'{path}' has a line {number} of more than {LongestLine} characters; a sample in each line is read, and none is so long.");
            }
        }

        if (line.Length > 0)
        {
            yield return (number, Take(line));
        }
    }

    private static string Take(StringBuilder line)
    {
        var text = line.ToString().TrimEnd('\r');
        line.Clear();
        return text;
    }
}
