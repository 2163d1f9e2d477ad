using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Samples;

public sealed class FileSampleSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Channels_first_data_are_turned_for_a_channels_last_model()
    {
        // Two channels of 1 x 3 pixels: red 1 2 3, green 4 5 6.
        using var source = Open(NpyBytes.Of<byte>([1, 2, 1, 3], 1, 2, 3, 4, 5, 6), Input(ElementType.Float, 1, 1, 3, 2), TensorLayout.Nchw);

        var tensor = Assert.Single(source.Read([0]));

        Assert.Equal([1L, 1, 3, 2], tensor.Dims);
        Assert.Equal([1f, 4, 2, 5, 3, 6], (float[])tensor.Values);
    }

    [Fact]
    public void Channels_last_data_are_turned_for_a_channels_first_model()
    {
        using var source = Open(NpyBytes.Of<byte>([1, 1, 3, 2], 1, 4, 2, 5, 3, 6), Input(ElementType.Float, null, 2, 1, 3), TensorLayout.Nhwc);

        var tensor = Assert.Single(source.Read([0]));

        Assert.Equal([1L, 2, 1, 3], tensor.Dims);
        Assert.Equal([1f, 2, 3, 4, 5, 6], (float[])tensor.Values);
    }

    [Fact]
    public void A_dynamic_model_is_taken_as_channels_first()
    {
        using var source = Open(NpyBytes.Of<byte>([1, 1, 3, 2], 1, 4, 2, 5, 3, 6), Input(ElementType.Float, null, null, null, null), TensorLayout.Nhwc);

        Assert.Equal([1L, 2, 1, 3], source.Read([0])[0].Dims);
    }

    [Fact]
    public void Channels_last_data_stay_as_they_are_for_a_channels_last_model()
    {
        using var source = Open(NpyBytes.Of<byte>([1, 2, 3, 1], 1, 2, 3, 4, 5, 6), Input(ElementType.Float, 1, 2, 3, 1), TensorLayout.Nhwc);

        Assert.Equal([1f, 2, 3, 4, 5, 6], (float[])source.Read([0])[0].Values);
    }

    [Fact]
    public void Axes_of_length_one_come_and_go()
    {
        using var source = Open(NpyBytes.Of<byte>([1, 2, 2], 1, 2, 3, 4), Input(ElementType.Float, null, 1, 2, 2), TensorLayout.Nchw);

        Assert.Equal([1L, 1, 2, 2], source.Read([0])[0].Dims);
    }

    [Theory]
    [InlineData(TensorLayout.Nchw)]
    [InlineData(TensorLayout.Nhwc)]
    public void Each_channel_has_its_own_mean_and_std(TensorLayout layout)
    {
        // Red 10 20, green 30 40 in either order of storage.
        var file = layout == TensorLayout.Nchw ? NpyBytes.Of<byte>([1, 2, 1, 2], 10, 20, 30, 40) : NpyBytes.Of<byte>([1, 1, 2, 2], 10, 30, 20, 40);
        using var source = Open(file, Input(ElementType.Float, null, 2, 1, 2), layout, new(0.1, [1, 2], [0.5, 4]));

        Assert.Equal([0f, 2f, 0.25f, 0.5f], (float[])source.Read([0])[0].Values);
    }

    [Fact]
    public void A_mean_for_three_channels_does_not_fit_two()
    {
        var file = NpyBytes.Of<byte>([1, 2, 1, 2], 10, 20, 30, 40);

        Refused(DiagnosticCodes.PreprocessingMismatch, "3 values", () => Open(file, Input(ElementType.Float, null, 2, 1, 2), TensorLayout.Nchw, new(1, [1, 2, 3], [])));
    }

    [Fact]
    public void Preprocessing_of_integer_inputs_is_refused() => Refused(
        DiagnosticCodes.PreprocessingMismatch,
        "floating-point",
        () => Open(NpyBytes.Of<long>([1, 1], 7), Input(ElementType.Int64, null, 1), TensorLayout.Nchw, new(0.5, [], [])));

    [Fact]
    public void Integers_are_fed_as_the_type_the_input_wants()
    {
        var file = NpyBytes.Of<long>([2, 2], 1, 2, 3, 200);

        Assert.Equal([1L, 2, 3, 200], (long[])ReadAll(file, ElementType.Int64));
        Assert.Equal([1, 2, 3, 200], (int[])ReadAll(file, ElementType.Int32));
        Assert.Equal([1, 2, 3, 200], (byte[])ReadAll(file, ElementType.UInt8));
        Assert.Equal([1, 2, 3, 200], (ushort[])ReadAll(file, ElementType.UInt16));
        Assert.Equal([1.0, 2, 3, 200], (double[])ReadAll(file, ElementType.Double));
        Assert.Equal([(Half)1, (Half)2, (Half)3, (Half)200], (Half[])ReadAll(file, ElementType.Float16));
        Assert.Equal([true, true, true, true], (bool[])ReadAll(file, ElementType.Bool));
        Refused(DiagnosticCodes.DataMalformed, "sample 1", () => ReadAll(file, ElementType.Int8));
    }

    [Fact]
    public void Fractions_are_not_fed_to_an_integer_input()
    {
        Assert.Equal([1, 2, 3, 4], (int[])ReadAll(NpyBytes.Of([2, 2], 1f, 2f, 3f, 4f), ElementType.Int32));
        Refused(DiagnosticCodes.DataMalformed, "sample 1", () => ReadAll(NpyBytes.Of([2, 2], 1f, 2f, 3f, 4.5f), ElementType.Int32));
    }

    [Fact]
    public void A_shape_that_does_not_fit_is_refused_with_both_shapes() => Refused(
        DiagnosticCodes.DataShapeMismatch,
        "[1,2,2] but the model's input is x: Float[batch,3]",
        () => Open(NpyBytes.Of<byte>([1, 2, 2], 1, 2, 3, 4), Input(ElementType.Float, null, 3), TensorLayout.Nchw));

    [Fact]
    public void A_wrong_layout_is_guessed() => Refused(
        DiagnosticCodes.DataShapeMismatch,
        "--layout nhwc",
        () => Open(NpyBytes.Of<byte>([1, 2, 4, 3], new byte[24]), Input(ElementType.Float, null, 3, 2, 4), TensorLayout.Nchw));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_value_that_is_not_finite_names_file_and_sample(float value) => Refused(
        DiagnosticCodes.DataNotFinite, "data.npy' holds NaN or infinity in sample 1 (element 1)", () => ReadAll(NpyBytes.Of([2, 2], 1f, 2f, 3f, value), ElementType.Float));

    [Fact]
    public void Files_for_one_input_follow_each_other()
    {
        var first = _folder.Write("a.npy", NpyBytes.Of([1, 2], 1f, 2f));
        var second = _folder.Write("b.npy", NpyBytes.Of([2, 2], 3f, 4f, 5f, float.NaN));
        using var source = FileSampleSource.Open([new(first), new(second)], [Input(ElementType.Float, null, 2)], TensorLayout.Nchw, Preprocessing.None);

        Assert.Equal(3, source.Count);
        Assert.Equal([3f, 4f, 1f, 2f], (float[])source.Read([1, 0])[0].Values);
        Refused(DiagnosticCodes.DataNotFinite, "b.npy' holds NaN or infinity in sample 1", () => source.Read([2]));
    }

    [Fact]
    public void Several_inputs_are_fed_by_name()
    {
        TensorInfo[] inputs = [new("a", ElementType.Float, [new(null), new(1)]), new("b", ElementType.Int64, [new(null), new(1)])];
        var a = _folder.Write("a.npy", NpyBytes.Of([2, 1], 1f, 2f));
        var b = _folder.Write("b.npy", NpyBytes.Of<long>([2, 1], 3, 4));
        using var source = FileSampleSource.Open([DataFile.Parse($"b={b}"), DataFile.Parse($"a={a}")], inputs, TensorLayout.Nchw, Preprocessing.None);

        var tensors = source.Read([1]);

        Assert.Equal(["a", "b"], tensors.Select(tensor => tensor.Name));
        Assert.Equal([2f], (float[])tensors[0].Values);
        Assert.Equal([4L], (long[])tensors[1].Values);
        Refused(DiagnosticCodes.InputUnmatched, "say which one", () => FileSampleSource.Open([new(a)], inputs, TensorLayout.Nchw, Preprocessing.None));
        Refused(DiagnosticCodes.InputUnmatched, "no data for the model's input b: Int64[?,1]; add -d b=PATH", () => FileSampleSource.Open([new(a, "a")], inputs, TensorLayout.Nchw, Preprocessing.None));
        Refused(DiagnosticCodes.InputUnmatched, "no input 'c'", () => FileSampleSource.Open([new(a, "c")], inputs, TensorLayout.Nchw, Preprocessing.None));
    }

    [Fact]
    public void Inputs_with_different_numbers_of_samples_are_refused()
    {
        TensorInfo[] inputs = [new("a", ElementType.Float, [new(null), new(1)]), new("b", ElementType.Float, [new(null), new(1)])];
        var a = _folder.Write("a.npy", NpyBytes.Of([2, 1], 1f, 2f));
        var b = _folder.Write("b.npy", NpyBytes.Of([1, 1], 3f));

        Refused(DiagnosticCodes.DataShapeMismatch, "2 samples", () => FileSampleSource.Open([new(a, "a"), new(b, "b")], inputs, TensorLayout.Nchw, Preprocessing.None));
    }

    [Fact]
    public void Labels_are_one_integer_a_sample()
    {
        Assert.Equal([3L, -1, 7], LabelFile.Read(_folder.Write("l.npy", NpyBytes.Of<long>([3], 3, -1, 7))));
        Assert.Equal([3L, 255], LabelFile.Read(_folder.Write("l.npy", NpyBytes.Of<byte>([2, 1], 3, 255))));
        Refused(DiagnosticCodes.LabelsMismatch, "Float[1,]", () => LabelFile.Read(_folder.Write("l.npy", NpyBytes.Of([1], 1f))));
    }

    private static TensorInfo Input(ElementType type, params long?[] dims) => new("x", type, [.. dims.Select(dim => new Dimension(dim, dim is null ? "batch" : null))]);

    private static void Refused(string code, string part, Func<object> act)
    {
        var refused = Assert.Throws<OnnxCompressException>(act);

        Assert.Equal(code, refused.Diagnostic.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    private Array ReadAll(byte[] file, ElementType type)
    {
        using var source = Open(file, Input(type, null, 2), TensorLayout.Nchw);
        return source.Read([0, 1])[0].Values;
    }

    private FileSampleSource Open(byte[] file, TensorInfo input, TensorLayout layout, Preprocessing? preprocessing = null) =>
        FileSampleSource.Open([new(_folder.Write("data.npy", file))], [input], layout, preprocessing ?? Preprocessing.None);
}
