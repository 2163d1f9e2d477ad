using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>What <c>inspect</c> prints of groups and refusals. A change here is a change of what people read.</summary>
public sealed class DescriptionTests
{
    [Fact]
    public void A_residual_network_with_a_head_of_its_own()
    {
        var builder = new TestModel();
        builder.Input("image", "N", 3, 6, 6);
        builder.Relu("stem/relu", builder.BatchNorm("stem/norm", builder.Conv("stem", "image", 3, 8), 8));
        builder.Conv("block/conv2", builder.Relu("block/relu", builder.Conv("block/conv1", "stem/relu", 8, 6)), 6, 8);
        builder.Node("Add", "block/add", ["stem/relu", "block/conv2"]);
        builder.Gemm("head", builder.Node("Flatten", "flat", [builder.Node("GlobalAveragePool", "pool", ["block/add"])]), 8, 5);

        Golden(
            """
            stem: 8 channels. Removing a channel takes it from stem, block/conv2, and from stem/norm, and rewrites block/conv1, head.
            block/conv1: 6 channels. Removing a channel takes it from block/conv1, and rewrites block/conv2.
            OCX2001 head (0): The output channels of 'head' stay: they are the model's output 'head'.
            """,
            builder.Analyze("head"));
    }

    [Fact]
    public void Channels_that_partly_stay_and_a_layer_that_is_held()
    {
        var builder = new TestModel();
        builder.Input("image", "N", 3, 6, 6);
        builder.Node("Concat", "cat", ["image", builder.Conv("c1", "image", 3, 4)], ("axis", 1));
        builder.Node("LRN", "lrn", [builder.Conv("c2", "cat", 7, 6)], ("size", 3));
        builder.Conv("c3", "lrn", 6, 2);

        Golden(
            """
            c1: 7 channels, 4 of them removable. Removing a channel takes it from c1, and rewrites c2.
            OCX2004 lrn (0): The output channels of 'c2' stay: 'lrn' (LRN) normalises over them.
            OCX2001 c3 (12): The output channels of 'c3' stay: they are the model's output 'c3'.
            """,
            builder.Analyze("c3"));
    }

    private static void Golden(string expected, Workbench bench) => Assert.Equal(expected, GroupAssert.Text(bench));
}
