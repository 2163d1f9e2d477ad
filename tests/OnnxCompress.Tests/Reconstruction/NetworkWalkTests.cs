using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Reconstruction;

/// <summary>A network run piece by piece makes what it makes in one.</summary>
public sealed class NetworkWalkTests
{
    [Theory]
    [InlineData(1 << 30)]
    [InlineData(0)]
    public void Pieces_make_what_the_whole_makes(long memory)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 8, 8);
        builder.Conv("a", "x", 3, 6, 3, pad: 1);
        builder.Relu("ra", "a");
        builder.Conv("b", "ra", 6, 6, 3, pad: 1);
        Check(builder.Output("b").Build(), memory, "a", "ra", "b");
    }

    [Fact]
    public void Shapes_that_depend_on_values_differ_between_batches_of_one_shape()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 6);
        builder.Relu("r", "x");
        builder.Node("NonZero", "places", ["r"]);
        builder.Node("Cast", "found", ["places"], ("to", 1L));
        Check(builder.Output("found").Build(), 1 << 30, "r", "found");
    }

    [Fact]
    public void Sequences_are_made_again_by_each_piece_that_reads_them()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 6);
        builder.Gemm("a", "x", 6, 8);
        builder.Integers("cut", 4, 4);
        builder.Nodes("SplitToSequence", "split", ["a", "cut"], ["parts"], ("axis", 1L));
        foreach (var (name, at) in (ReadOnlySpan<(string, long)>)[("zero", 0), ("one", 1)])
        {
            builder.Graph.Initializer.Add(new OnnxCompress.Models.Protos.TensorProto { Name = name, DataType = (int)ElementType.Int64, Int64Data = { at } });
        }

        // A sequence made of a sequence, and one of what a later layer makes.
        builder.Nodes("SequenceInsert", "more", ["parts", builder.Node("SequenceAt", "first", ["parts", "zero"])], ["three"]);
        builder.Gemm("b", "first", 4, 4);
        builder.Node("Add", "sum", ["b", builder.Node("SequenceAt", "second", ["three", "one"])]);
        builder.Gemm("c", "sum", 4, 3);
        Check(builder.Output("c").Build(), 1 << 30, "a", "first", "b", "second", "sum", "c");
    }

    private static void Check(OnnxModel model, long memory, params string[] tensors)
    {
        var token = TestContext.Current.CancellationToken;
        // Four batches of sixteen and more, so that most shapes come again.
        var samples = ModelRunner.Samples(model, 70);
        var batches = new FoldBatches(samples, model.Inputs, 16, token);
        using var store = new ActivationStore(memory);
        var walk = new NetworkWalk(ModelRunner.Runtime, model, batches, store, threads: 1);
        var seen = new HashSet<string>();
        using var session = ModelRunner.Runtime.Open(model.Observing(tensors), new SessionSettings(Threads: 1));
        foreach (var tensor in tensors)
        {
            walk.Advance([tensor], token);
            for (var b = 0; b < batches.Count; b++)
            {
                using var whole = session.Run(batches.Read(b), [tensor], token);
                var kept = store.Get(tensor, b);
                Assert.Equal(whole.Dims(0), kept.Dims);
                Assert.Equal(whole.Values<float>(0).ToArray(), ((float[])kept.Values)[..(int)kept.Count], Near);
                seen.Add(string.Join(',', kept.Dims));
            }
        }

        Assert.True(seen.Count > 1);
        walk.End();
        Assert.Empty(store.Names);
    }

    private static bool Near(float expected, float actual) => Math.Abs(expected - actual) < 1e-5f;
}
