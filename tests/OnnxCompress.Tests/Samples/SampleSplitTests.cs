using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Tests.Samples;

public sealed class SampleSplitTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public void Every_sample_lands_in_one_part_and_the_shares_are_met()
    {
        var split = SampleSplit.Create(new Numbers(Enumerable.Range(0, 1000)), 0.25, seed: 0, maximumStatistics: null, None);

        Assert.Equal((600, 150, 250), (split.Statistics.Count, split.Validation.Count, split.Guard.Count));
        Assert.Equal(Enumerable.Range(0, 1000), split.Statistics.Concat(split.Validation).Concat(split.Guard).Order());
    }

    [Theory]
    [InlineData(2000, 500)]
    [InlineData(480, 120)]
    [InlineData(400, 120)]
    [InlineData(300, 120)]
    [InlineData(200, 80)]
    [InlineData(5, 2)]
    public void Of_few_samples_the_guard_takes_more_by_itself(int count, int guard)
    {
        var split = SampleSplit.Create(new Numbers(Enumerable.Range(0, count)), null, seed: 0, maximumStatistics: null, None);

        Assert.Equal((guard, (int)(count * SampleSplit.ValidationShare)), (split.Guard.Count, split.Validation.Count));
    }

    [Fact]
    public void Copies_do_not_count_as_many_samples()
    {
        var split = SampleSplit.Create(new Numbers(Enumerable.Range(0, 2000).Select(i => i % 100)), null, seed: 0, maximumStatistics: null, None);

        Assert.Equal(800, split.Guard.Count);
    }

    [Fact]
    public void Equal_samples_land_in_the_same_part()
    {
        // 40 contents, each 25 times, shuffled by a stride that is coprime to 1000.
        int[] values = [.. Enumerable.Range(0, 1000).Select(i => i * 377 % 1000 / 25)];

        var split = SampleSplit.Create(new Numbers(values), 0.25, seed: 3, maximumStatistics: null, None);

        var guard = split.Guard.Select(index => values[index]).ToHashSet();
        var validation = split.Validation.Select(index => values[index]).ToHashSet();
        var statistics = split.Statistics.Select(index => values[index]).ToHashSet();
        Assert.Equal(40, guard.Count + validation.Count + statistics.Count);
        Assert.Equal(250, split.Guard.Count);
    }

    [Fact]
    public void The_order_of_the_samples_does_not_matter()
    {
        int[] values = [.. Enumerable.Range(0, 500)];
        int[] reversed = [.. values.Reverse()];

        var forward = SampleSplit.Create(new Numbers(values), 0.3, seed: 1, maximumStatistics: 100, None);
        var backward = SampleSplit.Create(new Numbers(reversed), 0.3, seed: 1, maximumStatistics: 100, None);

        Assert.Equal(forward.Guard.Select(index => values[index]), backward.Guard.Select(index => reversed[index]).Order());
        Assert.Equal(forward.Statistics.Select(index => values[index]), backward.Statistics.Select(index => reversed[index]).Order());
    }

    [Fact]
    public void Another_seed_gives_another_division_and_the_same_seed_the_same()
    {
        var source = new Numbers(Enumerable.Range(0, 200));

        var first = SampleSplit.Create(source, 0.25, seed: 1, maximumStatistics: null, None);
        var again = SampleSplit.Create(source, 0.25, seed: 1, maximumStatistics: null, None);
        var other = SampleSplit.Create(source, 0.25, seed: 2, maximumStatistics: null, None);

        Assert.Equal(first.Guard, again.Guard);
        Assert.NotEqual(first.Guard, other.Guard);
    }

    [Fact]
    public void Statistics_are_limited_without_changing_the_guard()
    {
        var source = new Numbers(Enumerable.Range(0, 200));

        var all = SampleSplit.Create(source, 0.25, seed: 0, maximumStatistics: null, None);
        var few = SampleSplit.Create(source, 0.25, seed: 0, maximumStatistics: 10, None);

        Assert.Equal(10, few.Statistics.Count);
        Assert.Subset(all.Statistics.ToHashSet(), few.Statistics.ToHashSet());
        Assert.Equal(all.Guard, few.Guard);
    }

    [Fact]
    public void What_statistics_leave_over_compares_plans_but_for_copies_of_what_they_take()
    {
        // Two of each: a limit falls between copies.
        int[] values = [.. Enumerable.Range(0, 400).Select(i => i % 200)];

        var all = SampleSplit.Create(new Numbers(values), 0.25, seed: 0, maximumStatistics: null, None);
        var few = SampleSplit.Create(new Numbers(values), 0.25, seed: 0, maximumStatistics: 51, None);

        HashSet<int> Contents(IEnumerable<int> indices) => [.. indices.Select(index => values[index])];
        Assert.Equal(all.Guard, few.Guard);
        Assert.Equal(51, few.Statistics.Count);
        Assert.Superset(all.Validation.ToHashSet(), few.Validation.ToHashSet());
        Assert.Equal(all.Validation.Count + all.Statistics.Count - 52, few.Validation.Count);
        Assert.False(Contents(few.Validation).Overlaps(Contents(few.Statistics)));
        Assert.False(Contents(few.Validation).Overlaps(Contents(few.Guard)));
    }

    [Fact]
    public void Many_samples_do_not_make_comparing_plans_slow()
    {
        var split = SampleSplit.Create(new Numbers(Enumerable.Range(0, 4000)), 0.25, seed: 0, maximumStatistics: 1024, None);

        Assert.Equal((1000, 1024, 1000), (split.Guard.Count, split.Statistics.Count, split.Validation.Count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Few_samples_leave_something_for_statistics(int count)
    {
        var split = SampleSplit.Create(new Numbers(Enumerable.Range(0, count)), 0.8, seed: 0, maximumStatistics: null, None);

        Assert.NotEmpty(split.Statistics);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(0.9)]
    [InlineData(double.NaN)]
    public void A_share_out_of_range_is_refused(double share) => Assert.Throws<ArgumentOutOfRangeException>(
        () => SampleSplit.Create(new Numbers([1]), share, seed: 0, maximumStatistics: null, None));

    [Fact]
    public void Folds_are_of_equal_size_hold_each_sample_once_and_copies_together()
    {
        int[] values = [.. Enumerable.Range(0, 103), 7, 7, 50];
        int[] reversed = [.. values.Reverse()];

        var folds = SampleSplit.Folds(new Numbers(values), 4, seed: 1, None);
        var backward = SampleSplit.Folds(new Numbers(reversed), 4, seed: 1, None);

        Assert.Equal(Enumerable.Range(0, values.Length), folds.SelectMany(fold => fold).Order());
        var contents = folds.Select(fold => fold.Select(index => values[index]).ToHashSet()).ToArray();
        Assert.Equal([26, 26, 26, 25], contents.Select(content => content.Count));
        Assert.Equal(103, contents.Sum(content => content.Count));
        Assert.All(folds.Zip(backward), pair => Assert.Equal(pair.First.Select(index => values[index]).Order(), pair.Second.Select(index => reversed[index]).Order()));
        Assert.NotEqual(folds[0], SampleSplit.Folds(new Numbers(values), 4, seed: 2, None)[0]);
    }

    [Fact]
    public void Where_nothing_is_held_out_more_samples_compare_plans()
    {
        var split = SampleSplit.WithoutGuard(new Numbers(Enumerable.Range(0, 100)), seed: 0, maximumStatistics: 50, None);

        Assert.Equal((50, 30, 0), (split.Statistics.Count, split.Validation.Count, split.Guard.Count));
        Assert.Empty(split.Statistics.Intersect(split.Validation));
    }

    [Fact]
    public void A_subset_reads_the_samples_it_stands_for()
    {
        var subset = new SubsetSampleSource(new Numbers([10, 11, 12, 13]), [3, 1]);

        Assert.Equal(2, subset.Count);
        Assert.Equal([11f, 13f], (float[])subset.Read([1, 0])[0].Values);
    }

    [Fact]
    public void A_fixed_batch_is_filled_up_with_its_last_sample()
    {
        TensorInfo[] inputs = [new("x", ElementType.Float, [new(4), new(1)])];

        var batches = SampleBatches.Of(6, inputs, preferred: 16).ToArray();

        Assert.Equal(2, batches.Length);
        Assert.Equal([0, 1, 2, 3], batches[0].Indices);
        Assert.Equal(4, batches[0].Samples);
        Assert.Equal([4, 5, 5, 5], batches[1].Indices);
        Assert.Equal(2, batches[1].Samples);
    }

    [Fact]
    public void A_free_batch_is_cut_short_at_the_end()
    {
        TensorInfo[] inputs = [new("x", ElementType.Float, [new(null, "batch"), new(1)])];

        var batches = SampleBatches.Of(5, inputs, preferred: 3).ToArray();

        Assert.Equal([0, 1, 2], batches[0].Indices);
        Assert.Equal([3, 4], batches[1].Indices);
    }

    private sealed class Numbers(IEnumerable<int> values) : ISampleSource
    {
        private readonly int[] _values = [.. values];

        public int Count => _values.Length;

        public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
        {
            var batch = new float[indices.Length];
            for (var i = 0; i < batch.Length; i++)
            {
                batch[i] = _values[indices[i]];
            }

            return [new("x", ElementType.Float, [indices.Length, 1], batch)];
        }
    }
}
