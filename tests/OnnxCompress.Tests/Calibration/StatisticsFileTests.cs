using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Calibration;

public sealed class StatisticsFileTests
{
    [Fact]
    public void What_was_written_is_read_back_to_the_bit()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("statistics.ocxstats");
        var written = Statistics();

        written.Save(path);
        var read = CalibrationStatistics.Load(path);

        Assert.Equal(written.ModelSha256, read.ModelSha256);
        Assert.Equal(written.Samples, read.Samples);
        Assert.Equal(written.Taps.Keys, read.Taps.Keys);
        foreach (var (key, tap) in written.Taps)
        {
            Assert.Equal(tap.Fit.Rows, read.Taps[key].Fit.Rows);
            Assert.Equal(tap.Fit.Gram, read.Taps[key].Fit.Gram);
            Assert.Equal(tap.Check.Sums, read.Taps[key].Check.Sums);
            Assert.Equal(tap.Check.Gram, read.Taps[key].Check.Gram);
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(60)]
    [InlineData(200)]
    public void One_changed_byte_is_found(int position)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("statistics.ocxstats");
        Statistics().Save(path);
        var bytes = File.ReadAllBytes(path);
        bytes[position] ^= 1;
        File.WriteAllBytes(path, bytes);

        var error = Assert.Throws<OnnxCompressException>(() => CalibrationStatistics.Load(path));

        Assert.Equal(DiagnosticCodes.StatisticsMalformed, error.Diagnostic.Code);
    }

    [Fact]
    public void A_file_that_is_cut_off_is_found()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("statistics.ocxstats");
        Statistics().Save(path);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^40]);

        var error = Assert.Throws<OnnxCompressException>(() => CalibrationStatistics.Load(path));

        Assert.Equal(DiagnosticCodes.StatisticsMalformed, error.Diagnostic.Code);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<OnnxCompressException>(() => CalibrationStatistics.Load("no-such.ocxstats"));

        Assert.Equal(DiagnosticCodes.DataNotFound, error.Diagnostic.Code);
        Assert.Contains("no-such.ocxstats", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_of_another_model_are_not_added()
    {
        var statistics = Statistics();

        var error = Assert.Throws<OnnxCompressException>(() => statistics.Add(new CalibrationStatistics("another")));

        Assert.Equal(DiagnosticCodes.StatisticsMismatch, error.Diagnostic.Code);
    }

    private static CalibrationStatistics Statistics()
    {
        var random = new Random(7);
        var statistics = new CalibrationStatistics(new string('a', 64)) { Samples = 12 };
        foreach (var (key, channels) in (ValueTuple<string, int>[])[("relu@1", 3), ("flat@1", 5)])
        {
            var tap = statistics.Open(key, channels);
            for (var fold = 0; fold < 2; fold++)
            {
                var rows = Enumerable.Range(0, 4 * channels).Select(_ => random.NextSingle()).ToArray();
                var gram = new float[channels * channels];
                var sums = new float[channels];
                for (var i = 0; i < rows.Length; i++)
                {
                    sums[i % channels] += rows[i];
                    for (var j = 0; j < channels; j++)
                    {
                        gram[(i % channels * channels) + j] += rows[i] * rows[(i / channels * channels) + j];
                    }
                }

                (fold == 0 ? tap.Fit : tap.Check).Add(gram, sums, 4);
            }
        }

        return statistics;
    }
}
