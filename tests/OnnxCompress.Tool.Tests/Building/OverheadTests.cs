using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>
/// What a build with nothing to do pays for the package. It needs a quiet machine, so it runs only when asked for:
/// <c>dotnet test --project tests/OnnxCompress.Tool.Tests -c Release --explicit only --output Detailed</c>.
/// </summary>
public sealed class OverheadTests(PackedPackages packages, ITestOutputHelper output)
{
    private const int Pairs = 10;
    private const double MostMilliseconds = 40;

    [Fact(Explicit = true)]
    public void A_build_with_nothing_to_do_takes_hardly_longer_with_a_model()
    {
        using var with = new Consumer(packages);
        using var without = new Consumer(packages);
        with.WriteApp($"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""");
        without.WriteApp("");
        without.Write("app.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup>
            </Project>
            """);

        // The first builds compile, the second ones warm the disk cache.
        foreach (var consumer in new[] { with, without, with, without })
        {
            consumer.Build();
        }

        var pairs = Enumerable.Range(0, Pairs).Select(pair => pair % 2 == 0
            ? (With: Time(with), Without: Time(without))
            : Swap(Time(without), Time(with))).ToArray();
        double[] added = [.. pairs.Select(pair => pair.With - pair.Without).Order()];
        var median = (added[(Pairs / 2) - 1] + added[Pairs / 2]) / 2;

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Pairs} pairs of builds with nothing to do: with a model {Median(pairs.Select(pair => pair.With)):F0} ms, without {Median(pairs.Select(pair => pair.Without)):F0} ms, median of the differences {median:F0} ms."));
        Assert.InRange(median, double.MinValue, MostMilliseconds);
    }

    private static (double With, double Without) Swap(double without, double with) => (with, without);

    private static double Median(IEnumerable<double> times) => times.Order().ElementAt(Pairs / 2);

    private static double Time(Consumer consumer)
    {
        var watch = Stopwatch.StartNew();
        using var dotnet = consumer.Start("build", "-v:q", "-nodeReuse:false");
        var (code, text) = dotnet.Wait();
        var time = watch.Elapsed.TotalMilliseconds;
        Assert.True(code == 0, text);
        return time;
    }
}
