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

        int[] widths = [.. table.Columns.Select((column, i) => Math.Max(column.Heading.Length, table.Rows.Max(row => row[i].Length)))];
        Line([.. table.Columns.Select(column => column.Heading)]);
        Line([.. widths.Select(width => new string('-', width))]);
        foreach (var row in table.Rows)
        {
            Line(row);
        }

        void Line(IReadOnlyList<string> cells) => output.WriteLine(string.Join("  ", cells.Select((cell, i) =>
            table.Columns[i].IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
    }
}
