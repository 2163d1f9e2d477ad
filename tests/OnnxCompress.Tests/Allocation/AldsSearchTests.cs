using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Selection.LowRank;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Allocation;

/// <summary>The search of ALDS over three layers under a budget of parameters (fixtures D3 d to g).</summary>
public sealed class AldsSearchTests
{
    private static readonly LayerProblem[] Problems =
    [
        LayerCase.Weights(NumericMatrices.Uniform(16, 12 * 9, 1), 12, 3, 3),
        LayerCase.Weights(NumericMatrices.Uniform(24, 16 * 9, 2), 16, 3, 3),
        LayerCase.Weights(NumericMatrices.Uniform(10, 24, 3), 24),
    ];

    private static readonly AldsSpectra[] Layers = [.. Problems.Select(p => new AldsSpectra(p, Workbench.Backend))];

    [Theory]
    [InlineData(0.8)]
    [InlineData(0.5)]
    [InlineData(0.25)]
    public void The_budget_is_met_and_a_smaller_largest_error_would_not_meet_it(double keep)
    {
        var limit = (long)(keep * Problems.Sum(p => p.Size.DenseParameters));
        var search = Search(limit);

        var choice = search.Run(seed: 1)!;

        Assert.True(Parameters(choice) <= limit);
        var largest = AldsSearch.LargestError(choice);
        for (var i = 0; i < choice.Length; i++)
        {
            if (choice[i] is not { } option || option.Error < largest)
            {
                continue;
            }

            var more = (SplitOption?[])choice.Clone();
            var bounds = Layers[i].Bounds(option.Shape.Groups);
            more[i] = new SplitOption(option.Shape with { Rank = option.Shape.Rank + 1 }, bounds[option.Shape.Rank + 1]);
            Assert.True(Parameters(more) > limit || AldsSearch.LargestError(more) >= largest, $"layer {i} could have rank {option.Shape.Rank + 1}");
        }
    }

    [Fact]
    public void The_groups_step_never_raises_an_error_nor_the_cost()
    {
        var search = Search((long)(0.5 * Problems.Sum(p => p.Size.DenseParameters)));
        foreach (var groups in (int[][])[[1, 1, 1], [3, 4, 1], [12, 16, 1], [2, 8, 1]])
        {
            if (search.Ranks(groups) is not { } choice)
            {
                continue;
            }

            var regrouped = search.Groups(groups, choice);

            foreach (var (before, after, problem) in choice.Zip(regrouped, Problems).Where(p => p.First is not null))
            {
                Assert.True(after!.Error <= before!.Error);
                Assert.True(SplitCost.Of(after.Shape, problem.Size).Parameters <= SplitCost.Of(before.Shape, problem.Size).Parameters);
            }
        }
    }

    [Fact]
    public void The_search_is_never_worse_than_the_same_without_groups()
    {
        var search = Search((long)(0.5 * Problems.Sum(p => p.Size.DenseParameters)));

        // Fifteen starts, of which the groups step can always come back to one group.
        Assert.True(AldsSearch.LargestError(search.Run(seed: 1)!) <= AldsSearch.LargestError(search.Ranks([1, 1, 1])!) + 1e-12);
    }

    [Fact]
    public void The_same_seed_finds_the_same()
    {
        var limit = (long)(0.4 * Problems.Sum(p => p.Size.DenseParameters));

        Assert.Equal(Search(limit).Run(seed: 4), Search(limit).Run(seed: 4));
    }

    [Fact]
    public void A_budget_below_rank_one_is_not_met() => Assert.Null(Search(10).Run(seed: 1));

    [Fact]
    public void Without_pressure_nothing_is_split() =>
        Assert.All(Search(long.MaxValue).Run(seed: 1)!, option => Assert.True(option is null || option.Error == 0));

    [Fact]
    public void A_table_is_left_alone_where_parameters_are_not_what_counts()
    {
        var table = LayerCase.Weights(NumericMatrices.Uniform(16, 40, 5), 40);
        var problem = table with { Size = table.Size with { IsTable = true, InputSpace = [8], OutputSpace = [8] } };
        var search = new AldsSearch([new AldsSpectra(problem, Workbench.Backend)], _ => true, (_, s) => (s is null ? SplitCost.Whole(problem.Size) : SplitCost.Of(s, problem.Size)).Macs);

        Assert.Null(Assert.Single(search.Run(seed: 1)!));
    }

    private static AldsSearch Search(long limit) => new(
        Layers, shapes => shapes.Zip(Problems).Sum(p => Parameters(p.First, p.Second)) <= limit, (layer, shape) => Parameters(shape, Problems[layer]));

    private static long Parameters(IEnumerable<SplitOption?> choice) => choice.Zip(Problems).Sum(p => Parameters(p.First?.Shape, p.Second));

    private static long Parameters(SplitShape? shape, LayerProblem problem) =>
        shape is null ? problem.Size.DenseParameters : SplitCost.Of(shape, problem.Size).Parameters;
}
