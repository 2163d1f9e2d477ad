using OnnxCompress.Search;

namespace OnnxCompress.Tests.Search;

public sealed class ShareHalvingTests
{
    private static readonly double[] Leaps = [0.9375, 0.9921875];

    [Fact]
    public void Without_leaps_the_middle_is_asked_about_as_often_as_is_said()
    {
        var asked = Asked(new ShareHalving(0, 1, 0, 3), share => (share >= 0.6, true));

        Assert.Equal([0.5, 0.75, 0.625], asked);
    }

    [Fact]
    public void What_is_refused_by_far_is_followed_by_the_leaps_and_then_by_nothing()
    {
        var asked = Asked(new ShareHalving(0, 1, 1.0 / 128, 7) { Leaps = Leaps }, _ => (false, true));

        Assert.Equal([0.5, .. Leaps], asked);
    }

    [Fact]
    public void A_refusal_that_is_not_far_goes_on_halving()
    {
        var asked = Asked(new ShareHalving(0, 1, 1.0 / 128, 7) { Leaps = Leaps }, share => (false, share < 0.9));

        Assert.Equal([0.5, 0.9375, 0.96875, 0.984375, 0.9921875], asked);
    }

    [Theory]
    [InlineData(0.51)]
    [InlineData(0.7)]
    [InlineData(0.93)]
    [InlineData(0.95)]
    [InlineData(0.985)]
    public void What_a_leap_accepts_is_divided_as_finely_as_without(double least)
    {
        var halving = new ShareHalving(0, 1, 1.0 / 128, 7) { Leaps = Leaps };

        Asked(halving, share => (share >= least, true));

        Assert.InRange(halving.High, least, least + (1.0 / 128));
    }

    private static List<double> Asked(ShareHalving halving, Func<double, (bool Keeps, bool IsFar)> answer)
    {
        var asked = new List<double>();
        while (halving.Next() is { } share)
        {
            asked.Add(share);
            var (keeps, isFar) = answer(share);
            if (keeps)
            {
                halving.Accept(share);
            }
            else
            {
                halving.Refuse(share, isFar);
            }
        }

        return asked;
    }
}
