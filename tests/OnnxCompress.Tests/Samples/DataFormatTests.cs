using Google.Protobuf;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Samples;
using OnnxCompress.Samples.Images;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Samples.Pictures;

namespace OnnxCompress.Tests.Samples;

public sealed class DataFormatTests : IDisposable
{
    private static readonly TensorInfo[] Two = [Input("a", ElementType.Float, null, 2), Input("b", ElementType.Int64, null, 1)];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_test_data_set_feeds_inputs_by_position()
    {
        Tensor("set/input_0.pb", new() { Name = "other", DataType = 1, Dims = { 2, 2 }, FloatData = { 1, 2, 3, 4 } });
        Tensor("set/input_1.pb", new() { DataType = 7, Dims = { 2, 1 }, RawData = ByteString.CopyFrom([.. BitConverter.GetBytes(5L), .. BitConverter.GetBytes(6L)]) });
        Tensor("set/output_0.pb", new() { DataType = 1, Dims = { 1 }, FloatData = { 9 } });
        using var source = Open(Two, _folder.File("set"));

        var tensors = source.Read([1]);

        Assert.Equal([3f, 4f], (float[])tensors[0].Values);
        Assert.Equal([6L], (long[])tensors[1].Values);
    }

    [Fact]
    public void Several_test_data_sets_follow_each_other()
    {
        Tensor("test_data_set_0/input_0.pb", new() { DataType = 1, Dims = { 1, 2 }, FloatData = { 1, 2 } });
        Tensor("test_data_set_1/input_0.pb", new() { DataType = 1, Dims = { 1, 2 }, FloatData = { 3, 4 } });
        using var source = Open([Two[0]], _folder.Root);

        Assert.Equal([1f, 2f, 3f, 4f], (float[])source.Read([0, 1])[0].Values);
    }

    [Fact]
    public void A_tensor_that_is_none_is_refused()
    {
        Tensor("short.pb", new() { DataType = 1, Dims = { 2, 2 }, FloatData = { 1, 2, 3 } });
        Tensor("huge.pb", new() { DataType = 1, Dims = { 1L << 40, 1 << 20 }, FloatData = { 1 } });
        Tensor("text.pb", new() { DataType = 8, Dims = { 1 } });
        Tensor("scalar.pb", new() { DataType = 1, FloatData = { 1 } });
        Tensor("empty.pb", new() { DataType = 1, Dims = { 0, 2 } });
        _folder.Write("noise.pb", [255, 255, 255, 255, 1]);

        Refused(DiagnosticCodes.DataMalformed, "needs 4 values but it has 3", "short.pb");
        Refused(DiagnosticCodes.DataMalformed, "do not fit into memory", "huge.pb");
        Refused(DiagnosticCodes.DataMalformed, "type 8", "text.pb");
        Refused(DiagnosticCodes.DataMalformed, "single number", "scalar.pb");
        Refused(DiagnosticCodes.DataEmpty, "no samples", "empty.pb");
        Refused(DiagnosticCodes.DataMalformed, "not an ONNX tensor", "noise.pb");
    }

    [Theory]
    [InlineData("1,2\n3,4.5\n")]
    [InlineData("first;second\r\n1;2\r\n\r\n3;4.5\r\n")]
    [InlineData("\"x\"\t\"y\"\n\"1\"\t\"2\"\n3\t4.5")]
    public void A_table_is_read_with_and_without_names(string text)
    {
        using var source = Open([Two[0]], Text("t.csv", text));

        Assert.Equal([1f, 2f, 3f, 4.5f], (float[])source.Read([0, 1])[0].Values);
    }

    [Fact]
    public void Columns_named_as_inputs_feed_them()
    {
        using var source = Open(Two, Text("t.csv", "b,a[0],a[1]\n7,1,2\n8,3,4\n"));

        var tensors = source.Read([0, 1]);

        Assert.Equal([1f, 2f, 3f, 4f], (float[])tensors[0].Values);
        Assert.Equal([7L, 8L], (long[])tensors[1].Values);
    }

    [Fact]
    public void A_row_of_a_table_takes_the_shape_of_the_input()
    {
        using var source = Open([Input("x", ElementType.Float, null, 1, 2, 2)], Text("t.csv", "1,2,3,4\n"));

        Assert.Equal([1L, 1, 2, 2], source.Read([0])[0].Dims);
    }

    [Theory]
    [InlineData("1,2\n3\n", "has 1 cells in line 2, but 2 before")]
    [InlineData("id,x\n1,2\nabc,3\n", "'abc' in line 3, column 'id'")]
    [InlineData("1,\n", "holds no rows")]
    public void A_table_that_is_none_is_refused_with_its_line(string text, string part)
    {
        Text("t.csv", text);

        Refused(part.Contains("no rows", StringComparison.Ordinal) ? DiagnosticCodes.DataEmpty : DiagnosticCodes.DataMalformed, part, "t.csv");
    }

    [Fact]
    public void Lines_of_json_feed_inputs_by_name()
    {
        using var source = Open(Two, Text("s.jsonl", "{\"a\": [1, 2], \"b\": [3]}\n\n{\"b\": [true], \"a\": [4.5, -1e2]}\n"));

        var tensors = source.Read([0, 1]);

        Assert.Equal([1f, 2f, 4.5f, -100f], (float[])tensors[0].Values);
        Assert.Equal([3L, 1L], (long[])tensors[1].Values);
    }

    [Fact]
    public void Samples_of_unequal_length_share_batches_with_their_equals()
    {
        using var source = Open([Input("x", ElementType.Int64, null, null)], Text("s.jsonl", "[1,2]\n[3]\n[4,5]\n[6]\n[7,8]\n"));

        var batches = SampleBatches.Of(source, [Input("x", ElementType.Int64, null, null)], 2).ToArray();

        Assert.Equal([[0, 2], [4], [1, 3]], batches.Select(batch => batch.Indices));
        Assert.Equal([1L, 2, 4, 5], (long[])source.Read([0, 2])[0].Values);
        Assert.Equal([2L, 1], source.Read([1, 3])[0].Dims);
        Assert.Equal(DiagnosticCodes.DataShapeMismatch, Assert.Throws<OnnxCompressException>(() => source.Read([0, 1])).Diagnostic.Code);
    }

    [Fact]
    public void A_length_that_the_model_does_not_take_names_the_sample()
    {
        Text("s.jsonl", "[1,2]\n[3,4,5]\n");

        Refused(DiagnosticCodes.DataShapeMismatch, "has a sample 1 of the shape [3]", "s.jsonl");
    }

    [Theory]
    [InlineData("[1,[2]]", "mixes numbers and arrays")]
    [InlineData("[[1],2]", "mixes numbers and arrays")]
    [InlineData("[[1,2],[3]]", "arrays of 2 and of 1 elements")]
    [InlineData("[]", "non-empty array")]
    [InlineData("[\"a\"]", "holds string")]
    [InlineData("[1e999]", "too large")]
    [InlineData("[1,", "no JSON in line 1")]
    [InlineData("{\"a\": [1]}\n{\"c\": [1]}", "the field 'c', which earlier lines lack")]
    [InlineData("{\"a\": [1], \"b\": [2]}\n{\"a\": [1]}", "lacks the field 'b'")]
    [InlineData("{\"a\": [1], \"a\": [2]}", "twice")]
    [InlineData("[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "no JSON in line 1")]
    public void Lines_that_are_no_samples_are_refused(string text, string part)
    {
        Text("s.jsonl", text);

        Refused(DiagnosticCodes.DataMalformed, part, "s.jsonl");
    }

    [Fact]
    public void A_folder_of_pictures_is_read_in_the_order_of_its_paths()
    {
        Picture("b/2.png", 30);
        Picture("a/1.png", 10);
        Picture("a/10.png", 20);
        Text("a/labels.txt", "not data");
        using var source = Open([Input("x", ElementType.Float, null, 3, 1, 1)], _folder.Root);

        Assert.Equal([10f, 10, 10, 20, 20, 20, 30, 30, 30], (float[])source.Read([0, 1, 2])[0].Values);
    }

    [Theory]
    [InlineData("a/*.png", 2)]
    [InlineData("**/*.png", 3)]
    [InlineData("?/1*.PNG", 0)]
    [InlineData("*/?.png", 2)]
    public void A_glob_names_pictures(string glob, int count)
    {
        Picture("a/1.png", 10);
        Picture("a/10.png", 20);
        Picture("b/2.png", 30);
        if (count == 0)
        {
            Refused(DiagnosticCodes.DataNotFound, "No file matches", glob);
            return;
        }

        using var source = Open([Input("x", ElementType.Float, null, 1, 1, 1)], Path.Combine(_folder.Root, glob));

        Assert.Equal(count, source.Count);
    }

    [Fact]
    public void A_folder_holds_pictures_of_all_formats_and_links_to_files_but_none_that_lead_back()
    {
        foreach (var extension in new[] { ".jpg", ".JPEG", ".png", ".webp", ".bmp", ".tif", ".tiff" })
        {
            _folder.Write("p" + extension, EncodedPictures.Of(extension.ToLowerInvariant() is ".jpeg" ? ".jpg" : extension.ToLowerInvariant(), EncodedPictures.Colours(1, 1)));
        }

        _folder.Write("._p.png", [1, 2, 3]);
        File.CreateSymbolicLink(_folder.File("q.png"), _folder.File("p.png"));
        Directory.CreateSymbolicLink(_folder.File("again"), _folder.Root);
        Directory.CreateSymbolicLink(_folder.File("more"), _folder.Root);

        using var source = Open([Input("x", ElementType.Float, null, 3, 8, 8)], _folder.Root);
        using var globbed = Open([Input("x", ElementType.Float, null, 3, 8, 8)], Path.Combine(_folder.Root, "**/*.png"));

        Assert.Equal(8, source.Count);
        Assert.Equal(2, globbed.Count);
    }

    [Fact]
    public void Pictures_are_resized_cropped_and_turned()
    {
        _folder.Write("p.png", PngBytes.Of(4, 2, 0, 8, [0, 10, 20, 30, 0, 10, 20, 30]));
        var half = Preprocessing.None with { Resize = new(1, 2) };
        using var resized = FileSampleSource.Open([new(_folder.File("p.png"))], [Input("x", ElementType.Float, 1, 1, 2, 1)], TensorLayout.Nhwc, half);
        using var cropped = FileSampleSource.Open(
            [new(_folder.File("p.png"))], [Input("x", ElementType.Float, 1, 1, 1, 2)], TensorLayout.Nchw, Preprocessing.None with { Crop = new(1, 2) });

        // A triangle twice as wide, cut off at the border: weights 3, 3, 1 of 7 give 50/7 for the left column.
        Assert.Equal([1L, 1, 2, 1], resized.Read([0])[0].Dims);
        Assert.Equal([7f, 23f], (float[])resized.Read([0])[0].Values);
        Assert.Equal([10f, 20f], (float[])cropped.Read([0])[0].Values);
    }

    [Fact]
    public void The_shorter_side_is_resized_and_the_longer_follows()
    {
        Assert.Equal((256L, 341L), new ImageSize(256).Resized(300, 400));
        Assert.Equal((341L, 256L), new ImageSize(256).Resized(400, 300));
        Assert.Equal((10L, 20L), new ImageSize(10, 20).Resized(400, 300));
        Assert.Null(ImageSize.Parse("0"));
        Assert.Null(ImageSize.Parse("20x"));
        Assert.Equal(new ImageSize(224, 320), ImageSize.Parse("224x320"));
    }

    [Fact]
    public void Pictures_that_do_not_go_together_are_refused()
    {
        Picture("a.png", 10);
        _folder.Write("b.png", PngBytes.Of(1, 1, 0, 16, [10]));

        Refused(DiagnosticCodes.DataMalformed, "convert them to one depth", "*.png");
        Refused(DiagnosticCodes.DataShapeMismatch, "fewer than --crop 5", "a.png", Preprocessing.None with { Crop = new(5) });
        Text("t.csv", "1,2\n");
        Refused(DiagnosticCodes.PreprocessingMismatch, "apply to pictures", "t.csv", Preprocessing.None with { Resize = new(5) });
    }

    [Fact]
    public void What_is_not_known_says_what_is()
    {
        Text("t.xyz", "1");
        Directory.CreateDirectory(_folder.File("nothing"));

        Refused(DiagnosticCodes.DataMalformed, ".npy, .npz, .pb, .csv, .jsonl and pictures (.jpg, .png, .webp, .bmp and .tiff) are read", "t.xyz");
        Refused(DiagnosticCodes.DataNotFound, "holds neither pictures (.jpg, .png, .webp, .bmp and .tiff) nor input_0.pb", "nothing");
    }

    private static TensorInfo Input(string name, ElementType type, params long?[] dims) => new(name, type, [.. dims.Select(dim => new Dimension(dim))]);

    private static FileSampleSource Open(TensorInfo[] inputs, string path) =>
        FileSampleSource.Open([DataFile.Parse(path)], inputs, TensorLayout.Nchw, Preprocessing.None);

    private string Text(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        File.WriteAllText(_folder.File(name), text);
        return _folder.File(name);
    }

    private void Tensor(string name, TensorProto tensor)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        File.WriteAllBytes(_folder.File(name), tensor.ToByteArray());
    }

    private void Picture(string name, int grey)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        _folder.Write(name, PngBytes.Of(1, 1, 0, 8, [grey]));
    }

    private void Refused(string code, string part, string name, Preprocessing? preprocessing = null)
    {
        var refused = Assert.Throws<OnnxCompressException>(() => FileSampleSource.Open(
            [new(Path.Combine(_folder.Root, name))], [Input("a", ElementType.Float, null, 2)], TensorLayout.Nchw, preprocessing ?? Preprocessing.None).Dispose());

        Assert.Equal(code, refused.Diagnostic.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }
}
