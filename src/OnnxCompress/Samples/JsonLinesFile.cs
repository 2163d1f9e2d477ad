using System.Text.Json;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Samples;

/// <summary>
/// JSON, a sample in each line: an array of numbers, nested as the sample's axes are, or an object with such an array for each
/// input. Lines may differ in length.
/// </summary>
internal static class JsonLinesFile
{
    private const int DeepestNesting = 16;

    /// <summary>Reads all samples.</summary>
    /// <exception cref="OnnxCompressException">OCX3002: not JSON lines of numbers; OCX3020: no samples.</exception>
    public static IReadOnlyList<SampleArray> Open(string path)
    {
        var inputs = new SortedDictionary<string, ShapedNumbers>(StringComparer.Ordinal);
        foreach (var (line, text) in BoundedLines.Read(path))
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                ReadSample(text, inputs, path, line);
            }
        }

        return inputs.Count > 0
            ? [.. inputs.Select(input => input.Value.ToArray(path, input.Key, table: false))]
            : throw new OnnxCompressException(DiagnosticCodes.DataEmpty, $"'{path}' holds no samples.");
    }

    private static void ReadSample(string text, SortedDictionary<string, ShapedNumbers> inputs, string path, int line)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = DeepestNesting });
            var isObject = document.RootElement.ValueKind == JsonValueKind.Object;
            var fields = isObject
                ? document.RootElement.EnumerateObject().Select(field => (field.Name, field.Value)).ToArray()
                : [("", document.RootElement)];
            var before = inputs.Count == 0 ? 0 : inputs.First().Value.Count;
            foreach (var (name, value) in fields)
            {
                if (!inputs.TryGetValue(name, out var numbers))
                {
                    inputs[name] = numbers = before == 0 ? new() : throw Malformed(path, line, $"has the field '{name}', which earlier lines lack");
                }

                var dims = new List<long>();
                Read(value, numbers, dims, 0, path, line);
                if (numbers.Count != before)
                {
                    throw Malformed(path, line, $"has the field '{name}' twice");
                }

                numbers.End(dims);
            }

            if (inputs.FirstOrDefault(input => input.Value.Count != before + 1).Key is { } missing)
            {
                throw Malformed(path, line, $"lacks {(missing.Length == 0 ? "a bare array" : $"the field '{missing}'")}, which earlier lines have");
            }
        }
        catch (JsonException notJson)
        {
            throw new OnnxCompressException(DiagnosticCodes.DataMalformed, $"'{path}' holds no JSON in line {line}: {notJson.Message}", notJson);
        }
    }

    // The first element of each array says how long its siblings must be.
    private static void Read(JsonElement element, ShapedNumbers numbers, List<long> dims, int depth, string path, int line)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Number when depth == dims.Count && element.TryGetDouble(out var value) && double.IsFinite(value):
                numbers.Add(value);
                return;
            case JsonValueKind.Number when depth == dims.Count:
                throw Malformed(path, line, $"holds the number {element.GetRawText()}, which is too large");
            case JsonValueKind.True or JsonValueKind.False when depth == dims.Count:
                numbers.Add(element.ValueKind == JsonValueKind.True ? 1 : 0);
                return;
            case JsonValueKind.Array when element.GetArrayLength() > 0:
                ReadArray(element, numbers, dims, depth, path, line);
                return;
            default:
                throw Malformed(path, line, $"holds {element.ValueKind.ToString().ToLowerInvariant()} where a number or a non-empty array of numbers belongs");
        }
    }

    private static void ReadArray(JsonElement element, ShapedNumbers numbers, List<long> dims, int depth, string path, int line)
    {
        var length = element.GetArrayLength();
        var descended = depth < dims.Count;
        if (!descended)
        {
            dims.Add(length);
        }

        if (dims[depth] != length)
        {
            throw Malformed(path, line, $"holds arrays of {dims[depth]} and of {length} elements side by side; a sample must be rectangular");
        }

        var first = true;
        foreach (var item in element.EnumerateArray())
        {
            // Once a leaf has been read, the number of axes stands; a deeper or shallower sibling is an error.
            if (!first && item.ValueKind == JsonValueKind.Array != depth + 1 < dims.Count)
            {
                throw Malformed(path, line, "mixes numbers and arrays on one axis; a sample must be rectangular");
            }

            Read(item, numbers, dims, depth + 1, path, line);
            first = false;
        }
    }

    private static OnnxCompressException Malformed(string path, int line, string what) =>
        new(DiagnosticCodes.DataMalformed, $"'{path}' {what} (line {line}).");
}
