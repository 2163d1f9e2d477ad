using OnnxCompress.Cli.Output;
using OnnxCompress.Reporting;

namespace OnnxCompress.Cli.Tests;

public sealed class PrintingTests
{
    private static readonly ResultTable Table = new("a title", [new("what"), new("how much", true)], [["[apples]", "1,000"], ["pears", "20"]]);

    [Fact]
    public void A_plain_table_is_aligned_text()
    {
        using var output = new StringWriter { NewLine = "\n" };

        TablePrinter.Print(Table, output, terminal: false);

        Assert.Equal("a title\nwhat      how much\n--------  --------\n[apples]     1,000\npears           20\n\n", output.ToString());
    }

    [Fact]
    public void A_drawn_table_shows_cells_as_they_are()
    {
        using var output = new StringWriter { NewLine = "\n" };

        TablePrinter.Print(Table, output, terminal: true);

        Assert.Contains("[apples]", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("1,000 │", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_without_rows_is_not_printed()
    {
        using var output = new StringWriter();
        var talk = new Talk(new CliContext(output, output, false, false, TestContext.Current.CancellationToken), Verbosity.Normal, json: false);

        talk.Result(Table with { Rows = [] });

        Assert.Equal("", output.ToString());
    }

    [Fact]
    public void Plain_progress_is_one_line_a_stage()
    {
        using var error = new StringWriter { NewLine = "\n" };

        PlainProgress.Run(error, PlainProgress.LongStage, progress =>
        {
            progress.Report(new("calibrate", 1, 2));
            progress.Report(new("calibrate", 2, 2));
            progress.Report(new("verify", 1, 1));
            return 0;
        });

        Assert.Matches("^calibrate: [0-9.]+ s\nverify: [0-9.]+ s\n$", error.ToString());
    }

    [Fact]
    public void A_long_stage_says_how_far_it_is_and_what_is_left()
    {
        using var error = new StringWriter { NewLine = "\n" };

        PlainProgress.Run(error, TimeSpan.Zero, progress =>
        {
            progress.Report(new("calibrate", 0, 4000));
            Thread.Sleep(20);
            progress.Report(new("calibrate", 1000, 4000, "layer 3"));
            return 0;
        });

        Assert.Matches("^calibrate: 1,000 of 4,000, about 1 s left \\(layer 3\\)\ncalibrate: [0-9.]+ s\n$", error.ToString());
    }

    [Fact]
    public void Work_that_reports_nothing_does_not_fall_silent()
    {
        using var error = new SharedText();
        var silence = TimeSpan.FromMilliseconds(40);

        PlainProgress.Run(error, silence, progress =>
        {
            Wait(error, "working: ");
            progress.Report(new("select", 0, 0));
            Wait(error, "select: 0.");
            progress.Report(new("search", 1, 5, "reconstruct 3 of 40"));
            Wait(error, "search: 1 of 5, ");
            return 0;
        });

        Assert.Matches("^(working: [0-9.]+ s so far\n)+(select: [0-9.]+ s so far\n)+select: [0-9.]+ s\n(search: 1 of 5, .* \\(reconstruct 3 of 40\\)\n)+search: [0-9.]+ s\n$", error.Text);
        Assert.True(PlainProgress.LongStage * 1.25 <= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_unit_that_takes_long_does_not_make_what_is_left_grow()
    {
        var clock = new StageClock();
        Thread.Sleep(30);
        var first = clock.Left(new("search", 1, 3));
        Thread.Sleep(15);

        Assert.True(clock.Left(new("search", 1, 3)) < first);
        Thread.Sleep(200 + (4 * (int)first!.Value.TotalMilliseconds));
        Assert.Null(clock.Left(new("search", 1, 3)));
    }

    private static void Wait(SharedText error, string text) =>
        Assert.True(SpinWait.SpinUntil(() => error.Text.Contains(text, StringComparison.Ordinal), TimeSpan.FromSeconds(20)), text);

    [Theory]
    [InlineData(0.21, "0.2 s", "1 s")]
    [InlineData(9.96, "10 s", "10 s")]
    [InlineData(61.2, "61 s", "62 s")]
    [InlineData(301, "6 min", "6 min")]
    [InlineData(9000, "3 h", "3 h")]
    public void Times_are_short_and_estimates_are_rounded_up(double seconds, string took, string left) => Assert.Equal(
        (took, left), (StageClock.Text(TimeSpan.FromSeconds(seconds)), StageClock.RoundedUp(TimeSpan.FromSeconds(seconds))));

    [Fact]
    public void Live_progress_is_drawn_and_gone_when_the_work_is_done()
    {
        using var error = new StringWriter();

        var result = LiveProgress.Run(error, progress =>
        {
            progress.Report(new("calibrate", 1, 2, "[layer]"));
            progress.Report(new("verify", 2, 2));
            return 7;
        });

        Assert.Equal(7, result);
    }

    [Fact]
    public void Quiet_keeps_warnings_and_drops_talk()
    {
        using var error = new StringWriter { NewLine = "\n" };
        var talk = new Talk(new CliContext(error, error, false, false, TestContext.Current.CancellationToken), Verbosity.Quiet, json: false);

        talk.Line("wrote it");
        talk.Warn("OCX7004", "Few\nsamples.");

        Assert.Equal("onnx-compress : warning OCX7004: Few samples.\n", error.ToString());
    }

    /// <summary>Text that one thread writes, line by line, while another reads it.</summary>
    private sealed class SharedText : StringWriter
    {
        private readonly Lock _turn = new();

        public SharedText() => NewLine = "\n";

        public string Text
        {
            get
            {
                lock (_turn)
                {
                    return ToString();
                }
            }
        }

        public override void WriteLine(string? value)
        {
            lock (_turn)
            {
                base.WriteLine(value);
            }
        }
    }
}
