using System.Buffers.Binary;
using System.Text;
using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>The first of the sample's calibration images: builds in tests need few.</summary>
internal static class SampleSlice
{
    private const int ImageBytes = 28 * 28;

    /// <summary>An .npy file, uint8 <c>count x 1 x 28 x 28</c>.</summary>
    public static byte[] OfCalibration(int count)
    {
        var all = File.ReadAllBytes(SampleFiles.Calibration);
        var start = 10 + BinaryPrimitives.ReadUInt16LittleEndian(all.AsSpan(8));
        var header = Encoding.ASCII.GetString(all, 10, start - 10);
        var sliced = header.Replace("(1000,", $"({count},", StringComparison.Ordinal).TrimEnd('\n').PadRight(header.Length - 1) + "\n";
        Assert.NotEqual(header, sliced);
        return [.. all.AsSpan(0, 10), .. Encoding.ASCII.GetBytes(sliced), .. all.AsSpan(start, count * ImageBytes)];
    }
}
