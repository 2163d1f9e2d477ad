using System.Globalization;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Samples;

/// <summary>
/// A table of numbers as text: a sample in each row, separated by commas, semicolons or tabs, with or without a row of
/// names. Columns named as inputs, or <c>input[0]</c>, <c>input[1]</c> and so on, feed those inputs.
/// </summary>
internal static class CsvFile
{
    /// <summary>A row of more cells is no sample: each would take memory of its own before any is a number.</summary>
    private const int MostCells = 1 << 22;

    /// <summary>Reads the table.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inputs">The model's inputs; columns that name all of them are divided among them.</param>
    /// <exception cref="OnnxCompressException">OCX3002: not a table of numbers; OCX3020: no rows.</exception>
    public static IReadOnlyList<SampleArray> Open(string path, IReadOnlyList<string> inputs)
    {
        string[]? names = null;
        ShapedNumbers[]? columns = null;
        int[] target = [];
        var separator = ',';
        foreach (var (line, text) in BoundedLines.Read(path))
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            separator = columns is null && names is null ? Separator(text) : separator;
            var cells = Split(text, separator, path, line);
            if (columns is null && names is null && cells.Any(cell => !IsNumber(cell, out _)))
            {
                names = cells;
                continue;
            }

            if (columns is null)
            {
                target = Targets(names, cells.Length, inputs);
                columns = [.. Enumerable.Range(0, target.Max() + 1).Select(_ => new ShapedNumbers())];
            }

            AddRow(cells, names, target, columns, path, line);
        }

        return columns is null
            ? throw new OnnxCompressException(DiagnosticCodes.DataEmpty, $"'{path}' holds no rows of numbers.")
            : [.. columns.Select((column, i) => column.ToArray(path, columns.Length == 1 ? "" : inputs[i], table: true))];
    }

    private static void AddRow(string[] cells, string[]? names, int[] target, ShapedNumbers[] columns, string path, int line)
    {
        if (cells.Length != target.Length)
        {
            throw Malformed(path, $"has {cells.Length} cells in line {line}, but {target.Length} before");
        }

        for (var i = 0; i < cells.Length; i++)
        {
            if (!IsNumber(cells[i], out var value))
            {
                var column = names is null || i >= names.Length ? $"column {i + 1}" : $"column '{names[i]}'";
                throw Malformed(path, $"holds '{Short(cells[i])}' in line {line}, {column}: only numbers, true and false are read; drop the column");
            }

            columns[target[i]].Add(value);
        }

        for (var i = 0; i < columns.Length; i++)
        {
            columns[i].End([target.Count(column => column == i)]);
        }
    }

    // Columns in the order they stand; all of them belong to input 0 unless their names cover every input.
    private static int[] Targets(string[]? names, int count, IReadOnlyList<string> inputs)
    {
        var found = (names ?? []).Select(name => Index(inputs, name.Trim()) is var whole and >= 0 ? whole : Index(inputs, Stem(name.Trim()))).ToArray();
        return inputs.Count > 1 && names?.Length == count && found.All(input => input >= 0) && found.Distinct().Count() == inputs.Count
            ? found
            : new int[count];
    }

    private static int Index(IReadOnlyList<string> inputs, string name)
    {
        var index = inputs.Count - 1;
        while (index >= 0 && inputs[index] != name)
        {
            index--;
        }

        return index;
    }

    private static string Stem(string name) => name.EndsWith(']') && name.IndexOf('[', StringComparison.Ordinal) is var open and > 0 ? name[..open] : name;

    private static bool IsNumber(string cell, out double value)
    {
        var text = cell.Trim();
        if (text.Equals("true", StringComparison.OrdinalIgnoreCase) || text.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            value = text.Length == 4 ? 1 : 0;
            return true;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    private static char Separator(string line) => "\t;,".FirstOrDefault(line.Contains, ',');

    // Quotes are part of the format even round numbers; a cell never spans lines, because numbers do not.
    private static string[] Split(string text, char separator, string path, int line) => text.AsSpan().Count(separator) < MostCells
        ? [.. text.Split(separator).Select(cell => cell.Trim().Trim('"'))]
        : throw Malformed(path, $"has more than {MostCells} cells in line {line}; it is no table");

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "...";

    private static OnnxCompressException Malformed(string path, string what) => new(DiagnosticCodes.DataMalformed, $"'{path}' {what}.");
}
