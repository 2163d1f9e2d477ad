using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Ilgpu.Tests;

/// <summary>Sensitivities by their definition, and draws by their chances.</summary>
public sealed class CoresetTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 17)]
    [InlineData(40, 33)]
    public void A_sensitivity_is_the_largest_share_of_an_output(int outputs, int channels)
    {
        var magnitudes = NumericMatrices.Uniform(outputs, channels, 1);
        foreach (ref var value in magnitudes.Values)
        {
            value = Math.Abs(value);
        }

        magnitudes.Row(0).Clear(); // an output that nothing reaches says nothing
        double[] bounds = [.. Enumerable.Range(1, channels).Select(channel => 1.0 / channel)];
        var sensitivities = new double[channels];

        Devices.WithBarriers.Sensitivities(magnitudes, bounds, sensitivities);

        for (var channel = 0; channel < channels; channel++)
        {
            var largest = 0.0;
            for (var output = 1; output < outputs; output++)
            {
                var whole = Enumerable.Range(0, channels).Sum(other => magnitudes[output, other] * bounds[other]);
                largest = Math.Max(largest, magnitudes[output, channel] * bounds[channel] / whole);
            }

            NumericAssert.Within(largest, sensitivities[channel], channels * NumericAssert.Eps, 1, "a sum over channels in another order");
        }
    }

    [Fact]
    public void Draws_follow_the_weights_and_never_take_what_weighs_nothing()
    {
        double[] weights = [0, 1, 0, 3, 4, 0];
        var drawn = new int[20000];
        var again = new int[20000];

        Devices.Asked.Draw(weights, new Random(1), drawn);
        Devices.Asked.Draw(weights, new Random(1), again);

        Assert.Equal(drawn, again);
        Assert.All(drawn, channel => Assert.True(weights[channel] > 0));
        for (var channel = 0; channel < weights.Length; channel++)
        {
            // Five standard deviations of a count of 20,000 draws.
            Assert.InRange(drawn.Count(one => one == channel), (weights[channel] / 8 * 20000) - 360, (weights[channel] / 8 * 20000) + 360);
        }
    }

    [Fact]
    public void Weights_of_nothing_are_refused() =>
        Assert.Throws<ArgumentException>(() => Devices.Asked.Draw([0, 0], new Random(1), new int[3]));
}
