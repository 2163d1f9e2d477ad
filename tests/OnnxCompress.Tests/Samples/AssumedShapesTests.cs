using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Samples;

/// <summary>Sizes of dynamic axes that nobody gives: what is tried, what is taken, and what is said.</summary>
public sealed class AssumedShapesTests
{
    [Fact]
    public void A_picture_with_dynamic_sides_is_224_by_224()
    {
        var assumed = Choose(Picture("p0", "p1"));

        Assert.Equal(["x=1,3,224,224"], assumed.Assumed);
        Assert.Equal("assumed x=1,3,224,224; give --shape to say otherwise", assumed.Remark);
        Assert.Equal([1L, 3, 224, 224], RandomSampleSource.For(Picture("p0", "p1"), 1, 0, assumed.Shapes).Read([0])[0].Dims);
    }

    [Fact]
    public void A_picture_without_names_takes_its_channels_from_the_weights()
    {
        var model = new TestModel();
        model.Input("x", "N", -1, -1, -1);
        model.Conv("conv", "x", 5, 2);

        Assert.Equal(["x=1,5,224,224"], Choose(model.Output("conv", "N", 2, -1, -1).Build()).Assumed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Features_are_as_many_as_the_weights_take(bool isTurned)
    {
        var model = new TestModel();
        model.Input("x", "N", "F");
        model.Input("other", "N", "F");
        model.Gemm("gemm", "other", 37, 5, isTurned);
        model.Node("Concat", "y", ["x", "gemm"], ("axis", 1));

        Assert.Equal(["x=1,37", "other=1,37"], Choose(model.Output("y", "N", 42).Build()).Assumed);
    }

    [Fact]
    public void Channels_with_a_kernel_each_are_as_many_as_come_out()
    {
        var model = new TestModel();
        model.Input("x", "N", -1, 8, 8);
        model.Conv("conv", "x", 6, 6, group: 6);

        Assert.Equal(["x=1,6,8,8"], Choose(model.Output("conv", "N", 6, 8, 8).Build()).Assumed);
    }

    [Fact]
    public void A_picture_with_its_channels_behind_has_its_sides_in_front()
    {
        var model = new TestModel();
        model.Input("x", "N", "a", "b", 3);
        model.Node("Relu", "y", ["x"]);

        Assert.Equal(["x=1,224,224,3"], Choose(model.Output("y", "N", "a", "b", 3).Build()).Assumed);
    }

    [Fact]
    public void A_sequence_is_16_long() => Assert.Equal(["x=1,16,4"], Choose(Sequence()).Assumed);

    [Fact]
    public void Inputs_that_share_a_length_have_the_same()
    {
        Assert.Equal(["a=1,16", "b=1,16"], Choose(Sum("T", "T")).Assumed);
        Assert.Equal(["a=1,16", "b=1,16"], Choose(Sum(-1, -1)).Assumed);
        Assert.Equal(["a=1,16", "b=1,16"], Choose(Sum("T", "0 + T")).Assumed);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(512)]
    [InlineData(77)]
    public void What_runs_at_one_candidate_only_is_run_at_it(int only) => Assert.Equal([$"x=1,{only}"], Choose(Fixed(only)).Assumed);

    [Fact]
    public void Sides_are_tried_together_until_a_picture_runs()
    {
        var model = new TestModel();
        model.Input("x", "N", 1, "H", "W");
        model.Node("Reshape", "row", ["x", model.Integers("shape", 1, 48 * 192)]);
        model.MatMul("y", "row", 48 * 192, 2);

        Assert.Equal(["x=1,1,48,192"], Choose(model.Output("y", 1, 2).Build()).Assumed);
    }

    [Fact]
    public void What_runs_at_no_candidate_is_refused_with_what_was_tried()
    {
        var refused = Assert.Throws<OnnxCompressException>(() => Choose(Fixed(77_777)));

        Assert.Equal(DiagnosticCodes.DimensionUnknown, refused.Diagnostic.Code);
        Assert.Contains("it does not run with x=1,16 or x=1,32 or ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("others; say how large they are, for instance --shape x=1,16", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_given_shape_is_not_questioned_and_holds_for_the_others()
    {
        var own = new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal) { ["a"] = [1, 48] };

        Assert.Empty(Choose(Sum("T", "T"), own).Assumed);
        // Nameless axes of one kind get what one of them was given.
        Assert.Equal(["b=1,48"], Choose(Sum(-1, -1), own).Assumed);
        // It would not run: that is said of the given shape later, and no other is put in its place.
        Assert.Equal([1L, 7], Choose(Fixed(32), new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal) { ["x"] = [1, 7] }).Shapes["x"]);
    }

    [Fact]
    public void A_shape_for_no_input_is_refused()
    {
        var refused = Assert.Throws<OnnxCompressException>(
            () => Choose(Sequence(), new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal) { ["y"] = [1, 7] }));

        Assert.Equal(DiagnosticCodes.InputUnmatched, refused.Diagnostic.Code);
    }

    [Fact]
    public void Nothing_is_assumed_where_only_the_batch_is_dynamic()
    {
        var model = new TestModel();
        model.Input("x", "N", 4);
        model.Relu("y", "x");

        Assert.Null(Choose(model.Output("y", "N", 4).Build()).Remark);
    }

    [Fact]
    public void Sound_beside_a_rate_is_a_piece_and_its_state_has_the_batch()
    {
        var model = new TestModel();
        model.Input("input", "N", "sequence");
        model.Input("state", 2, "N", 4);
        model.Input("sr", ElementType.Int64);
        model.Graph.Input[^1].Type.TensorType.Shape = new();
        model.Node("Reshape", "piece", ["input", model.Integers("shape", 1, 1536)]);
        model.MatMul("m", "piece", 1536, 4);
        model.Node("Add", "y", ["m", "state"]);
        model.Node("Cast", "rate", ["sr"], ("to", (long)ElementType.Float));
        model.Node("Add", "z", ["y", "rate"]);

        Assert.Equal(["input=1,1536"], Choose(model.Output("z", 2, 1, 4).Build()).Assumed);
    }

    [Fact]
    public void An_empty_past_is_tried_first()
    {
        var model = new TestModel();
        model.Input("x", "N", "seq", 4);
        model.Input("past", "N", "past_len", 4);
        model.Node("Concat", "y", ["past", "x"], ("axis", 1));

        Assert.Equal(["x=1,16,4", "past=1,0,4"], Choose(model.Output("y", "N", "all", 4).Build()).Assumed);
    }

    [Fact]
    public void Shapes_that_would_take_too_much_memory_are_not_tried()
    {
        var model = new TestModel();
        model.Input("x", "N", 1_000_000, "T");
        model.Relu("y", "x");

        // 16 and even 8 would be too many; 1 is a candidate.
        Assert.Equal(["x=1,1000000,1"], Choose(model.Output("y", "N", 1_000_000, "T").Build()).Assumed);
    }

    private static AssumedShapes Choose(OnnxModel model, Dictionary<string, IReadOnlyList<long>>? given = null) => AssumedShapes.Choose(
        model, ModelRunner.Runtime, given ?? new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal), TestContext.Current.CancellationToken);

    private static OnnxModel Picture(string height, string width)
    {
        var model = new TestModel();
        model.Input("x", "N", 3, height, width);
        model.Conv("conv", "x", 3, 2);
        return model.Output("conv", "N", 2, height, width).Build();
    }

    private static OnnxModel Sequence()
    {
        var model = new TestModel();
        model.Input("x", "N", "T", 4);
        model.MatMul("y", "x", 4, 2);
        return model.Output("y", "N", "T", 2).Build();
    }

    private static OnnxModel Sum(object first, object second)
    {
        var model = new TestModel();
        model.Input("a", "N", first);
        model.Input("b", "N", second);
        model.Node("Add", "y", ["a", "b"]);
        return model.Output("y", "N", first).Build();
    }

    /// <summary>A model that declares its length dynamic and runs at one only.</summary>
    private static OnnxModel Fixed(int length)
    {
        var model = new TestModel();
        model.Input("x", "N", "T");
        model.Node("Reshape", "row", ["x", model.Integers("shape", 1, length)]);
        model.Relu("y", "row");
        return model.Output("y", 1, length).Build();
    }
}
