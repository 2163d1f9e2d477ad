using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Timing;

public sealed class NodeTimerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Much_more_work_takes_longer()
    {
        var timer = Timer(Open());

        var times = timer.Time([Product(32, 64), Product(1024, 1024)], Token);

        Assert.All(times, t => Assert.True(double.IsFinite(t) && t > 0));
        Assert.True(times[1] > 4 * times[0], $"{times[0]} and {times[1]} ms, with 512 times the work.");
    }

    [Fact]
    public void A_whole_model_takes_at_least_what_its_layer_adds()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 1024);
        var model = builder.Output(builder.MatMul("m", "x", 1024, 1024)).Build();
        var timer = Timer(Open());

        var whole = timer.TimeModel(model, ModelRunner.Samples(model, 1).Read([0]), Token);

        // Half of it: other programs may have slowed down one of the two.
        Assert.True(whole > 0.5 * timer.Time([Product(1024, 1024)], Token)[0], $"{whole} ms");
        Assert.True(timer.Spent > TimeSpan.Zero);
    }

    [Fact]
    public void What_was_timed_is_not_timed_again_and_a_file_keeps_it()
    {
        var first = Timer(Open());
        var times = first.Time([Product(32, 64), Product(48, 64)], Token);
        var cache = Open();
        Timer(cache).Time([Product(16, 16)], Token);
        cache.Save();

        var second = Timer(Open());
        second.Time([Product(16, 16)], Token);
        var again = first.Time([Product(48, 64), Product(32, 64)], Token);

        Assert.Equal((2, 0), (first.Measured, second.Measured));
        Assert.Equal(TimeSpan.Zero, second.Spent);
        Assert.Equal(times.Reverse(), again);
    }

    [Fact]
    public void Two_runs_that_end_together_keep_the_times_of_both()
    {
        var (one, other) = (Open(), Open());
        one.Add("a", 1, 10);
        other.Add("b", 2, 10);

        one.Save();
        other.Save();

        Assert.Equal((1.0, 2.0), (Open().Find("a"), Open().Find("b")));
    }

    [Fact]
    public void Another_runtime_or_number_of_threads_has_times_of_its_own()
    {
        var cache = Open();
        cache.Add("a", 1, 10);
        cache.Save();

        Assert.Null(NodeTimeCache.Open(_folder.Root, "another runtime", 1).Find("a"));
        Assert.Null(NodeTimeCache.Open(_folder.Root, ModelRunner.Runtime.Version, 2).Find("a"));
        Assert.Equal(1, Open().Find("a"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"conditions\": 7}")]
    [InlineData("{\"nodes\": {}}")]
    [InlineData("null")]
    public void A_damaged_file_is_as_good_as_none_and_is_replaced(string content)
    {
        var path = Open().Path!;
        File.WriteAllText(path, content);
        var cache = Open();

        Assert.Equal(0, cache.Count);
        cache.Add("a", 3, 10);
        cache.Save();
        Assert.Equal(3, Open().Find("a"));
    }

    [Theory]
    [InlineData("{\"a\": []}")]
    [InlineData("{\"a\": 5}")]
    [InlineData("{\"a\": [\"x\", 1]}")]
    [InlineData("{\"a\": [-1, 1]}")]
    [InlineData("{\"a\": [1]}")]
    public void Damaged_entries_are_not_believed(string nodes)
    {
        var cache = Open();
        cache.Save();
        var text = File.ReadAllText(cache.Path!);
        File.WriteAllText(cache.Path!, text.Replace("\"nodes\": {}", $"\"nodes\": {nodes}", StringComparison.Ordinal));

        Assert.NotEqual(text, File.ReadAllText(cache.Path!));
        Assert.Null(Open().Find("a"));
    }

    [Fact]
    public void When_time_is_up_the_rest_is_estimated_by_its_work_and_counted()
    {
        var cache = Open();
        cache.Add("known", 2, 1000);
        var timer = new NodeTimer(ModelRunner.Runtime, Quick with { Limit = TimeSpan.Zero }, cache);

        var times = timer.Time([Product(10, 50), Product(20, 50)], Token);

        Assert.Equal([1.0, 2.0], times);
        Assert.Equal((0, 2), (timer.Measured, timer.Estimated));
    }

    [Fact]
    public void A_chain_without_nodes_takes_no_time()
    {
        Assert.Equal([0.0], Timer(Open()).Time([new TimedChain([])], Token));
    }

    [Fact]
    public void Timing_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => Timer(Open()).Time([Product(8, 8)], source.Token));
    }

    private static NodeTimingOptions Quick { get; } = new() { Threads = 1, Rounds = 3, SmallestMeasuredMs = 0.1 };

    private static NodeTimer Timer(NodeTimeCache cache) => new(ModelRunner.Runtime, Quick, cache);

    private static TimedChain Product(int inputs, int outputs) => new(new TimedNode("MatMul", inputs, outputs) { Space = [1] });

    private NodeTimeCache Open() => NodeTimeCache.Open(_folder.Root, ModelRunner.Runtime.Version, 1);
}
