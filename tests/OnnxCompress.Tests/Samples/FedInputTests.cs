using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Samples;

/// <summary>Inputs that are not simply samples along the first axis.</summary>
public sealed class FedInputTests : IDisposable
{
    private static readonly TensorInfo Chunk = new("chunk", ElementType.Float, [new(null, "N"), new(1)]);
    private static readonly TensorInfo State = new("state", ElementType.Float, [new(2), new(null, "N"), new(2)]);
    private static readonly TensorInfo Rate = new("rate", ElementType.Int64, []);
    private static readonly TensorInfo Bias = new("bias", ElementType.Float, [new(2), new(2)]);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_state_is_read_sample_first_and_fed_along_its_own_axis()
    {
        var path = _folder.Write("state.npy", NpyBytes.Of([3, 2, 2], 0f, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23));
        using var source = Open([Chunk, State], Chunks(3), $"state={path}");

        var state = source.Read([2, 0])[1];

        Assert.Equal([2L, 2, 2], state.Dims);
        Assert.Equal([20f, 21, 0, 1, 22, 23, 2, 3], (float[])state.Values);
    }

    [Fact]
    public void A_state_that_is_stored_as_the_model_wants_it_is_the_same()
    {
        var path = _folder.Write("state.npy", NpyBytes.Of([2, 3, 2], 0f, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23));
        using var source = Open([Chunk, State], Chunks(3), $"state={path}");

        Assert.Equal([20f, 21, 0, 1, 22, 23, 2, 3], (float[])source.Read([2, 0])[1].Values);
    }

    [Fact]
    public void A_state_of_another_number_of_samples_is_refused_and_never_stacked()
    {
        var path = _folder.Write("state.npy", NpyBytes.Of([2, 4, 2], new float[16]));

        Refused(DiagnosticCodes.DataShapeMismatch, "3 samples for the input 'chunk'", () => Open([Chunk, State], Chunks(3), $"state={path}"));
    }

    [Theory]
    [InlineData("rate=16000", new long[0], new long[] { 16000 })]
    [InlineData("size=640,480", new long[] { 2 }, new long[] { 640, 480 })]
    public void A_number_is_given_once_for_all_samples(string option, long[] dims, long[] values)
    {
        var input = option.StartsWith("rate", StringComparison.Ordinal) ? Rate : new("size", ElementType.Int64, [new(2)]);
        using var source = Open([Chunk, input], Chunks(3), option);

        var tensor = source.Read([0, 1, 2])[1];

        Assert.Equal(dims, tensor.Dims);
        Assert.Equal(values, (long[])tensor.Values);
    }

    [Fact]
    public void Zeros_are_given_to_every_sample_along_the_batch_axis()
    {
        using var source = Open([Chunk, State], Chunks(3), "state=zeros");

        Assert.Equal([2L, 3, 2], source.Read([0, 1, 2])[1].Dims);
        Assert.Equal(new float[12], (float[])source.Read([0, 1, 2])[1].Values);
    }

    [Theory]
    [InlineData("")]
    [InlineData("@")]
    public void A_table_without_a_sample_axis_is_one_value_for_all(string mark)
    {
        var path = _folder.Write("bias.npy", NpyBytes.Of([2, 2], 1f, 2, 3, 4));
        using var source = Open([Chunk, Bias], Chunks(3), $"bias={mark}{path}");

        Assert.Equal([2L, 2], source.Read([0, 2])[1].Dims);
        Assert.Equal([1f, 2, 3, 4], (float[])source.Read([0, 2])[1].Values);
    }

    [Fact]
    public void A_single_number_in_a_file_is_one_value_for_all()
    {
        var path = _folder.Write("rate.npy", NpyBytes.Of<long>([], 8000));
        using var source = Open([Chunk, Rate], Chunks(2), $"rate={path}");

        Assert.Equal([8000L], (long[])source.Read([1])[1].Values);
    }

    [Fact]
    public void Samples_whose_single_values_differ_never_share_a_run()
    {
        var path = _folder.Write("rate.npy", NpyBytes.Of<long>([4], 16000, 8000, 16000, 8000));
        using var source = Open([Chunk, Rate], Chunks(4), $"rate={path}");

        var batches = SampleBatches.Of(source, [Chunk, Rate], 8).Select(batch => batch.Indices).ToArray();

        Assert.Equal([[0, 2], [1, 3]], batches);
        Assert.Equal([8000L], (long[])source.Read([1, 3])[1].Values);
        Refused(DiagnosticCodes.DataShapeMismatch, "cannot share a batch", () => source.Read([0, 1]));
    }

    [Fact]
    public void A_past_of_no_length_is_read_and_fed()
    {
        TensorInfo past = new("past", ElementType.Float, [new(null, "N"), new(4), new(null, "P"), new(8)]);
        var path = _folder.Write("past.npy", NpyBytes.Of<float>([3, 4, 0, 8]));
        using var stored = Open([Chunk, past], Chunks(3), $"past={path}");
        using var given = Open([Chunk, past], Chunks(3), "past=zeros");

        Assert.Equal([2L, 4, 0, 8], stored.Read([0, 1])[1].Dims);
        Assert.Equal([2L, 4, 0, 8], given.Read([0, 1])[1].Dims);
        var made = new RandomSampleSource([past], 1, 0, new Dictionary<string, IReadOnlyList<long>> { ["past"] = [1, 4, 0, 8] });
        Assert.Equal([1L, 4, 0, 8], made.Read([0])[0].Dims);
    }

    [Fact]
    public void Everything_that_is_missing_is_named_at_once_as_it_would_be_typed()
    {
        Refused(
            DiagnosticCodes.InputUnmatched, "state: Float[2,N,2], rate: Int64[] and bias: Float[2,2]; add -d state=PATH -d rate=VALUE -d bias=@PATH",
            () => Open([Chunk, State, Rate, Bias], Chunks(3)));
        TensorInfo ids = new("ids", ElementType.Int64, [new(null, "N"), new(null, "T")]);
        TensorInfo past = new("past_k", ElementType.Float, [new(null, "N"), new(4), new(null, "P"), new(8)]);
        Refused(
            DiagnosticCodes.DimensionUnknown, "--shape ids=1,16 --shape past_k=1,4,0,8",
            () => new RandomSampleSource([ids, past], 1, 0));
    }

    [Fact]
    public void Too_many_numbers_are_refused_and_so_are_two_values_for_one_input()
    {
        Refused(DiagnosticCodes.DataShapeMismatch, "has 3 numbers", () => Open([Chunk, Bias], Chunks(3), "bias=1,2,3"));
        Refused(DiagnosticCodes.InputUnmatched, "given once for all samples, and again", () => Open([Chunk, Rate], Chunks(3), "rate=1", "rate=2"));
    }

    [Fact]
    public void Strings_and_sequences_are_called_what_they_are()
    {
        TensorInfo words = new("words", ElementType.Text, [new(null, "N")]);
        TensorInfo list = new("list", ElementType.Undefined, null) { Kind = "a sequence" };

        Refused(DiagnosticCodes.DataMalformed, "'words' (strings) and 'list' (a sequence)", () => new RandomSampleSource([Chunk, words, list], 1, 0));
        Refused(DiagnosticCodes.DataMalformed, "'words' (strings)", () => Open([Chunk, words], Chunks(2)));
    }

    [Fact]
    public void A_string_that_only_passes_through_blocks_nothing()
    {
        var model = Titled("Identity");
        using var source = FileSampleSource.Open([DataFile.Parse(_folder.Write("x.npy", NpyBytes.Of([3, 4], new float[12])))], model.Inputs, TensorLayout.Nchw, Preprocessing.None);

        Assert.Equal(4, ModelRunner.Run(model, source, outputs: ["second"])[0].Dims[^1]);
        Assert.Equal(4, ModelRunner.Run(model, RandomSampleSource.For(model, 2, 0), outputs: ["second"])[0].Dims[^1]);
        Assert.False(Titled("StringNormalizer").Inputs[1].OnlyPassesThrough);
    }

    [Fact]
    public void A_batch_of_minus_one_is_dynamic()
    {
        var model = new TestModel();
        model.Input("x", -1, 4);
        model.Gemm("y", "x", 4, 2);

        Assert.Null(model.Output("y", -1, 2).Build().Inputs[0].Dims![0].Value);
    }

    [Fact]
    public void A_sample_feeds_the_same_whichever_run_it_is_in()
    {
        var path = _folder.Write("state.npy", NpyBytes.Of([3, 2, 2], [.. Enumerable.Range(0, 12).Select(i => (float)i)]));
        using var source = Open([Chunk, State], Chunks(3), $"state={path}");

        var together = source.Read([0, 1, 2]);

        Assert.Equal(FedContent.Of(source, 1), FedContent.Of(together, 1, 3));
        Assert.NotEqual(FedContent.Of(source, 1), FedContent.Of(together, 2, 3));
    }

    private static OnnxModel Titled(string stringOperator)
    {
        var model = new TestModel();
        model.Input("x", "N", 4);
        model.Input("title", ElementType.Text, "N");
        model.Gemm("second", model.Relu("hidden", model.Gemm("first", "x", 4, 6)), 6, 4);
        model.Node(stringOperator, "same", ["title"]);
        return OnnxModel.Load(model.Output("second", "N", 4).Output("same", ElementType.Text, "N").Bytes());
    }

    private string Chunks(int samples) => "chunk=" + _folder.Write("chunk.npy", NpyBytes.Of([samples, 1], [.. Enumerable.Range(0, samples).Select(i => 100f + i)]));

    private static FileSampleSource Open(TensorInfo[] inputs, params string[] options) =>
        FileSampleSource.Open([.. options.Select(DataFile.Parse)], inputs, TensorLayout.Nchw, Preprocessing.None);

    private static void Refused(string code, string part, Func<object> act)
    {
        var refused = Assert.Throws<OnnxCompressException>(act);

        Assert.Equal(code, refused.Diagnostic.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }
}
