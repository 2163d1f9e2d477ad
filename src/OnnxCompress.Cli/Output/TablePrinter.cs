using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;
using Spectre.Console;

namespace OnnxCompress.Cli.Output;

/// <summary>Prints tables: drawn and fitted to the width on a terminal, aligned columns of plain text elsewhere.</summary>
internal static class TablePrinter
{
    /// <summary>Prints a table and an empty line.</summary>
    public static void Print(ResultTable table, TextWriter output, bool terminal)
    {
        table = table with { Title = PlainText.OneLine(table.Title), Rows = [.. table.Rows.Select(row => (IReadOnlyList<string>)[.. row.Select(PlainText.OneLine)])] };
        if (terminal)
        {
            Draw(table, output);
        }
        else
        {
            Align(table, output);
        }

        output.WriteLine();
    }

    private static void Draw(ResultTable table, TextWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            ColorSystem = NoColor.IsSet ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        var drawn = new Table { Border = TableBorder.Rounded };
        if (table.Title.Length > 0)
        {
            drawn.Title = new TableTitle(Markup.Escape(table.Title), new Style(decoration: Decoration.Bold));
        }

        foreach (var column in table.Columns)
        {
            // Numbers are short and their headings long: a heading of two lines leaves room for names.
            var drawnColumn = new TableColumn(Markup.Escape(column.IsNumber ? column.Heading.Replace(' ', '\n') : column.Heading));
            drawn.AddColumn(column.IsNumber ? drawnColumn.RightAligned().NoWrap() : drawnColumn);
        }

        foreach (var row in table.Rows)
        {
            drawn.AddRow([.. row.Select(Markup.Escape)]);
        }

        console.Write(drawn);
    }

    private static void Align(ResultTable table, TextWriter output)
    {
        if (table.Title.Length > 0)
        {
            output.WriteLine(table.Title);
        }

        // Sentences stand in the last column and are broken there; what is in front are numbers and names.
        table = table with { Rows = [.. table.Rows.Select(row => (IReadOnlyList<string>)[.. row.Select((cell, i) => i == row.Count - 1 ? cell : WrappedText.Name(cell))])] };
        int[] widths = [.. table.Columns.Select((column, i) => Math.Max(column.Heading.Length, table.Rows.Max(row => row[i].Length)))];
        Line([.. table.Columns.Select(column => column.Heading)]);
        Line([.. widths.Select((width, i) => new string('-', i == widths.Length - 1 ? Math.Min(width, Math.Max(WrappedText.Width - widths[..^1].Sum(w => w + 2), 30)) : width))]);
        var left = Math.Max(WrappedText.Width - widths[..^1].Sum(width => width + 2), 30);
        foreach (var row in table.Rows)
        {
            var first = true;
            foreach (var part in WrappedText.Lines(row[^1], left))
            {
                Line([.. row.Take(row.Count - 1).Select(cell => first ? cell : ""), part]);
                first = false;
            }
        }

        void Line(IReadOnlyList<string> cells) => output.WriteLine(string.Join("  ", cells.Select((cell, i) =>
            table.Columns[i].IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
    }
}
