using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Numerics;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Vocabularies;

namespace OnnxCompress.Tests.Vocabularies;

/// <summary>How ids reach the rows of a table.</summary>
public enum IdPath
{
    Direct,
    Cast,
    Reshaped,
    Moved,
    Joined,
    FromTheEnd,
    Mapped,
    Embedded,
    InBlocks,
    Bytes,
}

/// <summary>Rows of looked-up tables that nobody uses.</summary>
public sealed class VocabularyTests
{
    private const int Rows = 400;
    private const int Width = 32;
    private const long Stand = 7;

    // Rows are copied, not computed anew: what is left is the order in which the runtime sums.
    private const double Copied = 1e-6;

    private static readonly IdSource Used = Ids([3, 5, 5, 20, 9], [20, 3, 9, 9, 7], [5, 3, 20, 7, 3], [9, 9, 9, 5, 3]);

    public static TheoryData<IdPath> Paths => [.. Enum.GetValues<IdPath>()];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Ids_that_are_used_are_answered_as_before_and_others_as_the_stated_one(IdPath path)
    {
        var model = Model(path);

        var result = Compress(model, VocabularyRequest.Used with { UnknownId = Stand });

        var rows = Assert.Single(result.Vocabulary).Rows;
        Assert.Equal(path == IdPath.Joined ? 6 : 5, rows.Kept.Count);
        Assert.Equal(Rows, rows.Of);
        Assert.Equal(["ids"], rows.Inputs);
        ModelAssert.SameContract(model, result.Model);
        ModelAssert.SameOutputs(model, result.Model, Copied, "ids with rows", Used);
        var (others, stated) = (Ids([3, 100, 398, 20, 11]), Ids([3, Stand, Stand, 20, Stand]));
        Assert.Equal(ModelRunner.Run(model, stated)[0].Values, ModelRunner.Run(result.Model, others)[0].Values, (a, b) => Math.Abs(a - b) <= Copied);
        Assert.True(result.Compressed.Parameters <= result.Original.Parameters - result.Vocabulary[0].Parameters);
        Assert.True(result.Vocabulary[0].Parameters >= (Rows - rows.Kept.Count) * Width);
    }

    [Fact]
    public void Without_a_stand_in_ids_get_the_row_nearest_to_the_mean_of_those_that_go()
    {
        var model = Model(IdPath.Direct);
        var table = model.Graph.Constant("table")!.ReadFloats();
        int[] kept = [3, 5, 7, 9, 20];

        var result = Compress(model, VocabularyRequest.Used);

        double MeanOfGone(int c) => Enumerable.Range(0, Rows).Except(kept).Average(r => table[(r * Width) + c]);
        var nearest = kept.MinBy(k => Enumerable.Range(0, Width).Sum(c => Math.Pow(MeanOfGone(c) - table[(k * Width) + c], 2)));
        Assert.Equal(nearest, result.Plan.Vocabulary.Single().Unknown);
        foreach (var id in new[] { 0, 4, 150, Rows - 1 })
        {
            ModelAssert.SameOutputs(ModelWith(model, nearest), ModelWith(result.Model, id), Copied, $"id {id}", Ids([3, 3, 3, 3, 3]));
        }
    }

    [Fact]
    public void A_plan_says_which_rows_stay_and_applies_without_the_data_they_come_from()
    {
        using var folder = new TemporaryFolder();
        var model = Model(IdPath.Direct);
        var made = Compress(model, VocabularyRequest.Used with { UnknownId = Stand });
        made.Plan.Save(folder.File("plan.json"));

        var plan = CompressionPlan.Load(folder.File("plan.json"));
        var applied = new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            model, Ids([1, 1, 1, 1, 1]), new CompressionOptions { Plan = plan, Threads = 1 }, null, TestContext.Current.CancellationToken);

        Assert.Contains("\"kept\": \"3,5,7,9,20\"", File.ReadAllText(folder.File("plan.json")), StringComparison.Ordinal);
        Assert.Equal(made.Plan.ToText(), applied.Plan.ToText());
        Assert.Equal(made.Model.ToBytes(), applied.Model.ToBytes());
    }

    [Fact]
    public void A_plan_for_a_table_of_another_size_is_refused()
    {
        var plan = new CompressionPlan(Model(IdPath.Direct).SourceSha256, []) { Vocabulary = [new TableRows("table", ["ids"], [1, 2], Rows + 1)] };

        var error = Assert.Throws<OnnxCompressException>(() => new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            Model(IdPath.Direct), Used, new CompressionOptions { Plan = plan }, null, TestContext.Current.CancellationToken));

        Assert.Equal(DiagnosticCodes.PlanMismatch, error.Diagnostic.Code);
    }

    [Fact]
    public void A_table_that_two_inputs_read_keeps_what_either_uses()
    {
        var test = new TestModel();
        var first = test.Node("Gather", "first", [test.Weight("table", Rows, Width), test.Input("source", ElementType.Int64, "N", 3)]);
        var second = test.Node("Gather", "second", ["table", test.Input("target", ElementType.Int64, "N", 3)]);
        var model = test.Output(test.MatMul("head", test.Node("Add", "sum", [first, second]), Width, 4), "N", 3, 4).Build();
        var samples = new IdSource(ElementType.Int64, ("source", [[1, 2, 9], [2, 1, 1]]), ("target", [[2, 5, 2], [6, 5, 6]]));

        var result = Compress(model, VocabularyRequest.Used, samples);

        Assert.Equal([1, 2, 5, 6, 9], Assert.Single(result.Vocabulary).Rows.Kept);
        ModelAssert.SameOutputs(model, result.Model, Copied, "both", samples);
    }

    [Fact]
    public void The_table_of_a_tied_head_stays()
    {
        var test = new TestModel();
        var rows = test.Node("Gather", "embed", [test.Weight("table", Rows, Width), test.Input("ids", ElementType.Int64, "N", 5)]);
        var head = test.Node("MatMul", "logits", [test.MatMul("inner", rows, Width, Width), test.Node("Transpose", "turned", ["table"], ("perm", new long[] { 1, 0 }))]);
        var model = test.Output(head, "N", 5, Rows).Build();

        var result = Compress(model, VocabularyRequest.Used);

        Assert.Empty(result.Vocabulary);
        var refusal = Assert.Single(result.Refused, r => r.Code == DiagnosticCodes.TableRowsStay);
        Assert.Contains("Transpose", refusal.Reason, StringComparison.Ordinal);
        Assert.Equal(Rows * Width, refusal.Parameters);
        Assert.Contains(result.Diagnostics, d => d.Code == DiagnosticCodes.TableRowsStay);
        ModelAssert.SameOutputs(model, result.Model, Copied, "all ids", Ids([0, 100, 398, 20, 11]));
    }

    [Fact]
    public void A_head_of_its_own_keeps_the_shape_of_its_logits()
    {
        var test = new TestModel();
        var rows = test.Node("Gather", "embed", [test.Weight("table", Rows, Width), test.Input("ids", ElementType.Int64, "N", 5)]);
        var model = test.Output(test.MatMul("head", rows, Width, Rows), "N", 5, Rows).Build();

        var result = Compress(model, VocabularyRequest.Used);

        Assert.Equal(5, Assert.Single(result.Vocabulary).Rows.Kept.Count);
        ModelAssert.SameOutputs(model, result.Model, Copied, "ids with rows", Used);
    }

    [Fact]
    public void Positions_that_are_fed_keep_their_rows()
    {
        var test = new TestModel();
        var words = test.Node("Gather", "words", [test.Weight("table", Rows, Width), test.Input("ids", ElementType.Int64, "N", 3)]);
        var places = test.Node("Gather", "places", [test.Weight("positions", Rows, Width), test.Input("at", ElementType.Int64, "N", 3)]);
        var model = test.Output(test.MatMul("head", test.Node("Add", "sum", [words, places]), Width, 4), "N", 3, 4).Build();
        var samples = new IdSource(ElementType.Int64, ("ids", [[1, 2, 2], [5, 1, 1]]), ("at", [[0, 1, 2], [4, 5, 6]]));

        var result = Compress(model, VocabularyRequest.Used, samples);

        Assert.Equal("table", Assert.Single(result.Vocabulary).Rows.Table);
        Assert.Equal("positions", Assert.Single(result.Refused, r => r.Code == DiagnosticCodes.TableRowsStay).Node);
    }

    [Fact]
    public void Held_out_samples_with_other_ids_are_counted()
    {
        var data = new CompressionData(Used, Guard: Ids([3, 5, 5, 20, 9], [3, 5, 300, 301, 9], [399, 3, 3, 3, 3], [7, 7, 7, 7, 7]));

        var result = new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            Model(IdPath.Direct), data, new CompressionOptions { RemovesNothing = true, Vocabulary = VocabularyRequest.Used, Threads = 1 }, null, TestContext.Current.CancellationToken);

        Assert.Equal((4, 2), (result.Vocabulary[0].HeldOut, result.Vocabulary[0].HeldOutUnmapped));
        var warning = Assert.Single(result.Diagnostics, d => d.Code == DiagnosticCodes.IdsUnmapped);
        Assert.Contains("2 of 4 held-out samples (50.0%)", warning.Message, StringComparison.Ordinal);
        var reported = result.ToReport().Vocabulary.Single();
        Assert.Equal((5, Rows, 4, 2), (reported.Kept, reported.Of, reported.HeldOut, reported.HeldOutUnmapped));
    }

    [Fact]
    public void A_list_says_what_stays_and_the_budget_counts_what_went()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("ids.txt"), "3\n5\r\n\n 7 \n9\n20\n");
        var model = Model(IdPath.Direct);

        var result = new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            model, Used, new CompressionOptions { Budget = new Budget(KeepParameters: 0.2), Vocabulary = VocabularyRequest.Load(folder.File("ids.txt")), Threads = 1 }, null,
            TestContext.Current.CancellationToken);

        // The table is nearly all of the model: what else may go does so only where it costs nothing.
        Assert.Equal(ParameterCount.Of(model), result.Original.Parameters);
        Assert.Equal(ParameterCount.Of(result.Model), result.Compressed.Parameters);
        Assert.True(result.Compressed.Parameters < 0.2 * result.Original.Parameters);
        ModelAssert.SameOutputs(model, result.Model, ModelAssert.Redundant, "ids with rows", Used);
    }

    [Theory]
    [InlineData("3\nfour\n", null, "line 2")]
    [InlineData("\n\n", null, "no ids")]
    [InlineData("3\n400\n", null, "row 400")]
    [InlineData("3\n4\n", 400L, "unknown id 400")]
    public void A_list_that_does_not_go_with_the_model_is_refused(string text, long? unknown, string why)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("ids.txt"), text);

        var error = Assert.Throws<OnnxCompressException>(() => Compress(Model(IdPath.Direct), VocabularyRequest.Load(folder.File("ids.txt")) with { UnknownId = unknown }));

        Assert.Equal(DiagnosticCodes.VocabularyUnusable, error.Diagnostic.Code);
        Assert.Contains(why, error.Diagnostic.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_tables_is_refused()
    {
        var test = new TestModel();
        var model = test.Output(test.MatMul("head", test.Input("x", "N", 8), 8, 4), "N", 4).Build();

        var error = Assert.Throws<OnnxCompressException>(() => Compress(model, VocabularyRequest.Used, ModelRunner.Samples(model)));

        Assert.Equal(DiagnosticCodes.VocabularyUnusable, error.Diagnostic.Code);
    }

    [Fact]
    public void What_was_cut_can_be_cut_again()
    {
        var model = Model(IdPath.Direct);
        var once = OnnxModel.Load(Compress(model, new VocabularyRequest { Ids = [.. Enumerable.Range(0, 200).Select(i => (long)i)], UnknownId = 0 }).Model.ToBytes());

        var twice = Compress(once, VocabularyRequest.Used with { UnknownId = Stand });

        Assert.Equal((5, 200), (twice.Vocabulary.Single().Rows.Kept.Count, twice.Vocabulary.Single().Rows.Of));
        ModelAssert.SameOutputs(model, twice.Model, Copied, "ids with rows", Used);
    }

    [Theory]
    [InlineData(new[] { 0, 1, 2, 5, 7, 8 }, "0-2,5,7-8")]
    [InlineData(new[] { 4 }, "4")]
    public void Rows_are_written_as_ranges_and_read_back(int[] rows, string text)
    {
        Assert.Equal(text, RowRanges.Write(rows));
        Assert.Equal(rows, RowRanges.Read(text, 9));
    }

    [Theory]
    [InlineData("")]
    [InlineData("3-1")]
    [InlineData("1,1")]
    [InlineData("5,2")]
    [InlineData("1-2-3")]
    [InlineData("-1")]
    [InlineData("9")]
    [InlineData("0-2147483647")]
    public void What_is_no_list_of_rows_is_not_read(string text) => Assert.Null(RowRanges.Read(text, 9));

    private static IdSource Ids(params long[][] rows) => new(ElementType.Int64, ("ids", rows));

    private static CompressionResult Compress(OnnxModel model, VocabularyRequest request, ISampleSource? samples = null) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            model, samples ?? Used, new CompressionOptions { RemovesNothing = true, Vocabulary = request, Threads = 1 }, null, TestContext.Current.CancellationToken);

    /// <summary>The model with one id written in place of the input's.</summary>
    private static OnnxModel ModelWith(OnnxModel model, int id)
    {
        var copy = model.Clone();
        var name = copy.Graph.AddIntegers("fixed", id, id, id, id, id);
        var shape = copy.Graph.AddIntegers("fixed/shape", 1, 5);
        var reader = copy.Graph.Uses("ids").Single();
        copy.Graph.InsertNode(reader.Node, "Reshape", "fixed/ids", [name, shape], ["fixed/ids"]);
        reader.Node.Proto.Input[reader.Index] = "fixed/ids";
        copy.Graph.Index();
        return copy;
    }

    private static OnnxModel Model(IdPath path)
    {
        var test = new TestModel();
        test.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        var ids = test.Input("ids", ElementType.Int64, "N", 5);
        var rows = path switch
        {
            IdPath.Direct => Look(ids),
            IdPath.Cast => Look(test.Node("Cast", "cast", [ids], ("to", (long)ElementType.Int32))),
            IdPath.Reshaped => test.Node("Reshape", "back", [Look(test.Node("Reshape", "flat", [ids, test.Integers("all", -1)])), test.Integers("shape", -1, 5, Width)]),
            // The rows of 0 to 99 are not those of the ids: every row has moved by one.
            IdPath.Moved => Look(test.Node("Sub", "moved", [ids, test.Integers("one", 1)])),
            IdPath.Joined => test.Node("Slice", "behind", [Look(test.Node("Concat", "joined", [test.Node("Expand", "class", [test.Integers("start", 399), test.Node("Concat", "sizes", [test.Node("Slice", "count", [test.Node("Shape", "fed", [ids]), test.Integers("from", 0), test.Integers("to", 1)]), "to"], ("axis", 0L))]), ids], ("axis", 1L))), test.Integers("second", 1), test.Integers("end", 6), test.Integers("along", 1)]),
            IdPath.FromTheEnd => Look(test.Node("Sub", "negative", [ids, test.Integers("count", Rows)])),
            IdPath.Mapped => Look(test.Node("Gather", "mapped", [test.Integers("turned", [.. Enumerable.Range(0, Rows).Select(i => (long)(Rows - 1 - i))]), ids])),
            IdPath.Embedded => test.Nodes(
                "EmbedLayerNormalization", "rows",
                [test.Node("Cast", "cast", [ids], ("to", (long)ElementType.Int32)), "", test.Weight("table", Rows, Width), test.Weight("positions", 8, Width), "", test.Weight("gamma", Width), test.Weight("beta", Width)],
                ["rows", "mask"])[0],
            IdPath.InBlocks => Blocks(test, ids),
            _ => Bytes(test, ids),
        };
        if (path is IdPath.Embedded or IdPath.InBlocks)
        {
            test.Graph.Node[^1].Domain = "com.microsoft";
        }

        return test.Output(test.MatMul("head", rows, Width, 4), "N", 5, 4).Build();

        string Look(string index) => test.Node("Gather", "rows", [test.Weight("table", Rows, Width), index]);
    }

    private static string Blocks(TestModel test, string ids)
    {
        const int Block = 16;
        AddBytes(test, "table", ElementType.UInt8, Rows, Width / 2);
        AddBytes(test, "zeros", ElementType.UInt8, Rows, 1);
        return test.Node("GatherBlockQuantized", "rows", ["table", ids, test.Weight("steps", Rows, Width / Block), "zeros"], ("gather_axis", 0L), ("quantize_axis", 1L), ("block_size", (long)Block), ("bits", 4L));
    }

    /// <summary>Mul(Cast(Gather(table)), Gather(steps)): two tables, one map.</summary>
    private static string Bytes(TestModel test, string ids)
    {
        AddBytes(test, "table", ElementType.Int8, Rows, Width);
        var whole = test.Node("Cast", "floats", [test.Node("Gather", "bytes", ["table", ids])], ("to", (long)ElementType.Float));
        return test.Node("Mul", "rows", [whole, test.Node("Gather", "scale", [test.Weight("steps", Rows, 1), ids])]);
    }

    private static void AddBytes(TestModel test, string name, ElementType type, params long[] dims)
    {
        var values = new byte[dims.Aggregate(1L, (a, b) => a * b)];
        new Random(4).NextBytes(values);
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = Google.Protobuf.ByteString.CopyFrom(values) };
        tensor.Dims.AddRange(dims);
        test.Graph.Initializer.Add(tensor);
    }
}
