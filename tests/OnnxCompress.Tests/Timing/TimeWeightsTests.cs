using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Timing;

public sealed class TimeWeightsTests
{
    [Fact]
    public void Without_measurements_parts_are_added_up()
    {
        var weights = TimeWeights.Fit([], 10);

        Assert.Equal(TimeWeights.None, weights);
        Assert.Equal(6, weights.Of(new TimeParts(1, 2, 3)));
    }

    [Fact]
    public void Models_that_were_measured_take_what_was_measured()
    {
        // Splits cost more than tables say, layers less, and a rewrite takes a tenth off whatever is removed.
        static double Share(TimeParts p) => ((0.9 * p.Layers) + (1.3 * p.Splits) + p.Others - 1) / 10;
        TimeParts[] seen = [new(8, 0, 2), new(6, 0, 1.8), new(4, 0, 1.5), new(4, 2.5, 2), new(1, 3, 2)];

        var weights = TimeWeights.Fit([.. seen.Select(p => (p, Share(p)))], 10);

        // The ridge is worth a fifteenth of one measurement, squared.
        Assert.All([.. seen, new(5, 1, 1.7), new(0, 4, 2)], p => Assert.Equal(Share(p), weights.Of(p) / 10, 0.02));
    }

    [Fact]
    public void One_measurement_scales_what_nothing_tells_apart()
    {
        var weights = TimeWeights.Fit([(new TimeParts(8, 0, 2), 0.9)], 10);

        Assert.Equal(9, weights.Of(new TimeParts(8, 0, 2)), 0.05);
        Assert.Equal(1, weights.Splits);
    }

    [Fact]
    public void A_measurement_that_cannot_be_does_not_turn_a_part_around()
    {
        var weights = TimeWeights.Fit([(new TimeParts(8, 0, 2), 1), (new TimeParts(4, 0, 2), 3)], 10);

        Assert.True(weights.Layers > 0 && weights.Others > 0, $"{weights}");
    }

    [Fact]
    public void Weights_at_their_ends_still_take_together_what_was_measured()
    {
        // Nothing that tables know of changes the time: all weights would go to zero or beyond.
        (TimeParts Parts, double Share)[] seen = [(new(6, 0, 4), 1), (new(4, 0, 3.5), 1.02), (new(2, 0, 3), 1), (new(2, 3, 4), 1.04)];

        var weights = TimeWeights.Fit(seen, 10);

        Assert.All(seen, s => Assert.Equal(s.Share, weights.Of(s.Parts) / 10, 0.1));
        Assert.InRange(weights.Layers, 0.25, 4);
        Assert.InRange(weights.Splits, 0.25, 4);
    }
}
