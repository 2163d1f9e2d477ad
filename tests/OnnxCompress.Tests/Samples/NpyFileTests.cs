using System.IO.Compression;
using System.Text;
using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Samples;

public sealed class NpyFileTests : IDisposable
{
    private static readonly TensorInfo Vector = new("x", ElementType.Float, [new(null, "batch"), new(2)]);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_element_type_is_read()
    {
        Assert.Equal([1f, 0f, 0f, 1f], Read(NpyBytes.Of([2, 2], true, false, false, true)));
        Assert.Equal([1f, 255f, 0f, 7f], Read(NpyBytes.Of<byte>([2, 2], 1, 255, 0, 7)));
        Assert.Equal([1f, -128f, 0f, 7f], Read(NpyBytes.Of<sbyte>([2, 2], 1, -128, 0, 7)));
        Assert.Equal([1f, -32768f, 0f, 7f], Read(NpyBytes.Of<short>([2, 2], 1, -32768, 0, 7)));
        Assert.Equal([1f, 65535f, 0f, 7f], Read(NpyBytes.Of<ushort>([2, 2], 1, 65535, 0, 7)));
        Assert.Equal([1f, -8388608f, 0f, 7f], Read(NpyBytes.Of([2, 2], 1, -8388608, 0, 7)));
        Assert.Equal([1f, 4294967040f, 0f, 7f], Read(NpyBytes.Of<uint>([2, 2], 1, 4294967040, 0, 7)));
        Assert.Equal([1f, -8388608f, 0f, 7f], Read(NpyBytes.Of([2, 2], 1L, -8388608L, 0L, 7L)));
        Assert.Equal([1f, -0.5f, 0f, 65504f], Read(NpyBytes.Of([2, 2], (Half)1, (Half)(-0.5), (Half)0, (Half)65504)));
        Assert.Equal([1f, -0.1f, 0f, 7f], Read(NpyBytes.Of([2, 2], 1f, -0.1f, 0f, 7f)));
        Assert.Equal([1f, -0.1f, 0f, 7f], Read(NpyBytes.Of([2, 2], 1.0, -0.1, 0, 7)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_format_version_is_read(byte version)
    {
        var file = NpyBytes.Header("<f4", [1, 2], version: version).Concat(new byte[8]).ToArray();

        Assert.Equal([0f, 0f], Read(file));
    }

    [Theory]
    [InlineData("<f4", true, "Fortran order")]
    [InlineData("|O", false, "pickled")]
    [InlineData(">f4", false, "array.astype('<f4')")]
    [InlineData("<c8", false, "'<c8'")]
    [InlineData("<U5", false, "'<U5'")]
    public void A_layout_that_is_not_read_is_refused_with_the_cure(string descriptor, bool fortran, string part)
    {
        var file = NpyBytes.Header(descriptor, [1, 2], fortran).Concat(new byte[64]).ToArray();

        Refused(DiagnosticCodes.DataMalformed, part, file);
    }

    [Fact]
    public void Records_with_fields_are_refused() => Refused(
        DiagnosticCodes.DataMalformed, "named fields", NpyBytes.Header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }"));

    [Fact]
    public void A_file_of_another_kind_is_refused() =>
        Refused(DiagnosticCodes.DataMalformed, "not a .npy file", Encoding.ASCII.GetBytes("label,pixel0,pixel1\n"));

    [Fact]
    public void A_file_cut_inside_its_header_is_refused() =>
        Refused(DiagnosticCodes.DataMalformed, "ends inside", NpyBytes.Of([1, 2], 1f, 2f)[..40]);

    [Fact]
    public void A_file_cut_inside_its_data_is_refused_with_both_sizes() =>
        Refused(DiagnosticCodes.DataMalformed, "promises 16 bytes of data, 13 are there", NpyBytes.Of([2, 2], 1f, 2f, 3f, 4f)[..^3]);

    [Fact]
    public void A_header_with_an_absurd_length_is_refused() => Refused(
        DiagnosticCodes.DataMalformed, "4294967295 bytes", [0x93, .. "NUMPY"u8, 2, 0, 255, 255, 255, 255, .. new byte[100]]);

    [Fact]
    public void A_shape_beyond_64_bits_is_refused() =>
        Refused(DiagnosticCodes.DataMalformed, "2^63", NpyBytes.Header("<f8", [4294967296, 4294967296, 2]));

    [Fact]
    public void A_shape_that_is_no_list_of_sizes_is_refused() =>
        Refused(DiagnosticCodes.DataMalformed, "list of sizes", NpyBytes.Header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2), }"));

    [Fact]
    public void A_file_without_samples_is_refused() => Refused(DiagnosticCodes.DataEmpty, "no samples", NpyBytes.Of<float>([0, 2]));

    [Fact]
    public void A_single_number_is_refused() => Refused(DiagnosticCodes.DataMalformed, "single number", NpyBytes.Of([], 1f));

    [Fact]
    public void A_missing_file_is_named()
    {
        var refused = Assert.Throws<OnnxCompressException>(() => Open(_folder.File("absent.npy")));

        Assert.Equal(DiagnosticCodes.DataNotFound, refused.Diagnostic.Code);
        Assert.Contains("absent.npy", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.SmallestSize)]
    public void An_archive_gives_the_array_that_bears_the_inputs_name(CompressionLevel level)
    {
        var archive = NpyBytes.Archive(level, ("labels", NpyBytes.Of<long>([2], 3, 4)), ("x", NpyBytes.Of([2, 2], 1f, 2f, 3f, 4f)));
        using var source = Open(_folder.Write("data.npz", archive));

        Assert.Equal([1f, 2f, 3f, 4f], Values(source));
    }

    [Fact]
    public void An_archive_entry_that_holds_more_than_its_header_says_is_refused()
    {
        var archive = NpyBytes.Archive(CompressionLevel.Optimal, ("x", [.. NpyBytes.Of([1, 2], 1f, 2f), .. new byte[1 << 20]]));

        var refused = Assert.Throws<OnnxCompressException>(() => Open(_folder.Write("data.npz", archive)));

        Assert.Equal(DiagnosticCodes.DataMalformed, refused.Diagnostic.Code);
        Assert.Contains("more than the 8 bytes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_archive_is_refused()
    {
        var archive = NpyBytes.Archive(CompressionLevel.Optimal, ("x", NpyBytes.Of([1, 2], 1f, 2f)));

        var refused = Assert.Throws<OnnxCompressException>(() => Open(_folder.Write("data.npz", archive[..^30])));

        Assert.Equal(DiagnosticCodes.DataMalformed, refused.Diagnostic.Code);
    }

    [Fact]
    public void Memory_does_not_grow_with_the_file()
    {
        var path = _folder.Write("large.npy", NpyBytes.Header("<f4", [1 << 25, 2]));
        using (var sparse = new FileStream(path, FileMode.Open))
        {
            sparse.SetLength(sparse.Length + (1L << 28));
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        using var source = Open(path);
        source.Read([0, (1 << 25) - 1]);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 16);
    }

    private static FileSampleSource Open(string path) => FileSampleSource.Open([new(path)], [Vector], TensorLayout.Nchw, Preprocessing.None);

    private static float[] Values(FileSampleSource source) => (float[])source.Read([.. Enumerable.Range(0, source.Count)])[0].Values;

    private float[] Read(byte[] file)
    {
        using var source = Open(_folder.Write("data.npy", file));
        return Values(source);
    }

    private void Refused(string code, string part, byte[] file)
    {
        var refused = Assert.Throws<OnnxCompressException>(() => Read(file));

        Assert.Equal(code, refused.Diagnostic.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        Assert.Contains("data.npy", refused.Message, StringComparison.Ordinal);
    }
}
