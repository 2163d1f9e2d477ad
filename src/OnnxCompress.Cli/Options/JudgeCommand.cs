using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Options;

/// <summary>
/// A judge that is a program: started without a shell, bounded in time and in what it prints, and ended with the programs under it. What it
/// leaves behind when it ends by itself is its own affair.
/// </summary>
/// <param name="words">The program and its first arguments.</param>
/// <param name="limit">How long one run may take.</param>
/// <param name="original">The original's path, the last argument but one; the last is the candidate's.</param>
internal sealed class JudgeCommand(IReadOnlyList<string> words, TimeSpan limit, string original) : IModelJudge
{
    private const int MostCharacters = 64 * 1024;
    private const int MostSaid = 2000;

    // By content: a plan's model is the result's, and a search comes back to plans. Judges can take minutes.
    private readonly Dictionary<string, JudgeScore> _known = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public JudgeScore Judge(OnnxModel candidate, CancellationToken cancellation)
    {
        var folder = RunFolder.CreateFolder();
        try
        {
            var path = Path.Combine(folder, "candidate.onnx");
            RunFolder.Guarded(() => candidate.Save(path));
            var content = Content(folder);
            return _known.TryGetValue(content, out var score) ? score : _known[content] = Parse(Run(path, cancellation));
        }
        finally
        {
            RunFolder.Guarded(() => Directory.Delete(folder, recursive: true));
        }
    }

    /// <summary>The score in what a judge printed.</summary>
    /// <param name="output">One JSON number, or an object with a number <c>score</c>; its other numbers are figures.</param>
    /// <exception cref="OnnxCompressException">OCX7020: it is something else.</exception>
    public JudgeScore Parse(string output)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Number)
            {
                return new(Finite(root, output), []);
            }

            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("score", out var score) && score.ValueKind == JsonValueKind.Number)
            {
                return new(
                    Finite(score, output),
                    [.. root.EnumerateObject()
                        .Where(property => property.Name != "score" && property.Value.ValueKind == JsonValueKind.Number)
                        .Select(property => new DecisionFigure(PlainText.OneLine(property.Name), $"{PlainText.OneLine(property.Name)}, by the judge", Finite(property.Value, output)))]);
            }
        }
        catch (JsonException)
        {
            // Told below, like what is JSON and no score.
        }

        throw Failed($"printed {Quoted(output)}, which is neither a JSON number nor an object with a number \"score\"");
    }

    // The model, and its weights where they lie beside it.
    private static string Content(string folder) => string.Join(' ', Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(file =>
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexString(SHA256.HashData(stream));
    }));

    private double Finite(JsonElement number, string output) => number.TryGetDouble(out var value) && double.IsFinite(value)
        ? value
        : throw Failed($"printed {Quoted(output)}, which holds a number that is not finite");

    private string Run(string candidate, CancellationToken cancellation)
    {
        using var process = new Process { StartInfo = Start(candidate) };
        try
        {
            process.Start();
        }
        catch (Win32Exception failure)
        {
            throw Failed($"cannot be started: {failure.Message}");
        }

        process.StandardInput.Close();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(limit);
        try
        {
            // Both are read at once, so that neither fills up.
            var said = Read(process.StandardError, MostSaid, isBounded: false, deadline.Token);
            var output = Read(process.StandardOutput, MostCharacters, isBounded: true, deadline.Token);
            // The output first: a program that prints without end does not end.
            var text = output.GetAwaiter().GetResult();
            process.WaitForExitAsync(deadline.Token).GetAwaiter().GetResult();
            return process.ExitCode == 0
                ? text
                : throw Failed($"ended with exit code {process.ExitCode.ToString(CultureInfo.InvariantCulture)}: {Quoted(said.GetAwaiter().GetResult())}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Failed(string.Create(CultureInfo.InvariantCulture, $"did not end within {limit.TotalSeconds:0} s (--judge-time)"));
        }
        finally
        {
            End(process);
        }
    }

    private ProcessStartInfo Start(string candidate)
    {
        var start = new ProcessStartInfo(words[0])
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var argument in words.Skip(1).Append(original).Append(candidate))
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    private async Task<string> Read(StreamReader reader, int most, bool isBounded, CancellationToken cancellation)
    {
        var (text, buffer) = (new StringBuilder(), new char[4096]);
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
        {
            if (text.Length + read <= most)
            {
                text.Append(buffer, 0, read);
            }
            else if (isBounded)
            {
                throw Failed(string.Create(CultureInfo.InvariantCulture, $"prints more than {most} characters in place of a score"));
            }
        }

        return text.ToString();
    }

    private static void End(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    private OnnxCompressException Failed(string what) => new(
        DiagnosticCodes.JudgeFailed, $"The judge '{PlainText.OneLine(words[0])}' {what}. Nothing was written. Try the command by hand with two models as its last arguments.");

    private static string Quoted(string text)
    {
        const int Most = 200;
        var line = PlainText.OneLine(text.Trim());
        return line.Length == 0 ? "nothing" : line.Length > Most ? $"'{line[..Most]}...'" : $"'{line}'";
    }
}
