using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>What is not mapped holds what enters it, says so, and the rest goes on.</summary>
public sealed class OpaqueNodeTests
{
    [Fact]
    public void An_operator_without_a_rule_holds_its_inputs()
    {
        var builder = Image();
        builder.Node("Flatten", "flat", [builder.Conv("c1", "x", 3, 4)]);
        builder.Node("EyeLike", "eye", ["flat"]);
        builder.Output("eye");
        builder.Conv("c3", builder.Conv("c2", "c1", 4, 5), 5, 2);

        var bench = builder.Analyze("c3");

        GroupAssert.Refused(bench, "c1", DiagnosticCodes.OperatorNotMapped);
        GroupAssert.Group(bench, 5, ["c2"], ["c3"]);
    }

    [Fact]
    public void An_operator_of_another_domain_holds_its_inputs()
    {
        var builder = Image();
        builder.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        builder.Conv("c1", "x", 3, 4);
        builder.Node("Trilu", "corner", ["c1"]);
        builder.Graph.Node[^1].Domain = "com.microsoft";
        builder.Conv("c2", "corner", 4, 2);

        var refusal = GroupAssert.Refused(builder.Analyze("c2"), "c1", DiagnosticCodes.OperatorNotMapped);

        Assert.Contains("com.microsoft.Trilu", refusal.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Channels_that_a_branch_captures_stay()
    {
        var builder = Image();
        var flag = new TensorProto { Name = "flag", DataType = (int)ElementType.Bool };
        flag.Int32Data.Add(1);
        builder.Graph.Initializer.Add(flag);
        builder.Conv("c1", "x", 3, 4);
        builder.Node("If", "if", ["flag"], ("then_branch", Branch("Relu", "then")), ("else_branch", Branch("Neg", "else")));
        builder.Conv("c3", builder.Conv("c2", "if", 4, 5), 5, 2);

        var bench = builder.Analyze("c3");

        GroupAssert.Refused(bench, "c1", DiagnosticCodes.EntersSubgraph);
        GroupAssert.Group(bench, 5, ["c2"], ["c3"]);
    }

    [Fact]
    public void A_Gemm_that_reads_a_vector_is_left_alone()
    {
        // A branch hides the rank until the model runs, and the runtime takes a vector for a row.
        var builder = new TestModel();
        builder.Input("x", "N", 3);
        var flag = new TensorProto { Name = "flag", DataType = (int)ElementType.Bool };
        flag.Int32Data.Add(1);
        builder.Graph.Initializer.Add(flag);
        builder.Weight("vector", 3);
        builder.Node("If", "if", ["flag"], ("then_branch", Branch("Relu", "then", "vector")), ("else_branch", Branch("Neg", "else", "x")));
        builder.Gemm("read", "if", 3, 4);
        builder.Gemm("g2", builder.Gemm("g1", "x", 3, 6), 6, 4);
        builder.Node("Add", "sum", ["g2", "read"]);

        var bench = builder.Analyze("sum");

        GroupAssert.Group(bench, 6, ["g1"], ["g2"]);
        Assert.Single(bench.Analysis.Groups);
    }

    [Fact]
    public void A_weight_that_a_loop_captures_stays()
    {
        var builder = Image();
        builder.Conv("c1", "x", 3, 4);
        var body = new GraphProto { Name = "body" };
        body.Input.AddRange([TestModel.Value("i", ElementType.Int64), TestModel.Value("go", ElementType.Bool), TestModel.Value("state", ElementType.Float)]);
        foreach (var scalar in body.Input.Take(2))
        {
            scalar.Type.TensorType.Shape = new TensorShapeProto();
        }

        body.Node.Add(new NodeProto { OpType = "Identity", Input = { "go" }, Output = { "go2" } });
        body.Node.Add(new NodeProto { OpType = "Conv", Input = { "state", "square" }, Output = { "next" } });
        body.Output.AddRange([TestModel.Value("go2", ElementType.Bool), TestModel.Value("next", ElementType.Float)]);
        builder.Weight("square", 4, 4, 1, 1);
        builder.Node("Loop", "loop", [builder.Integers("trips", 2), "", "c1"], ("body", body));
        builder.Conv("c2", "loop", 4, 2);

        var bench = builder.Analyze("c2");

        GroupAssert.Refused(bench, "c1", DiagnosticCodes.EntersSubgraph);
        Assert.Empty(bench.Analysis.Groups);
    }

    [Fact]
    public void An_inner_tensor_that_is_also_an_output_stays()
    {
        var builder = Image();
        builder.Conv("c2", builder.Relu("r", builder.Conv("c1", "x", 3, 4)), 4, 2);
        builder.Output("r");

        GroupAssert.Refused(builder.Analyze("c2"), "c1", DiagnosticCodes.ReachesOutput);
    }

    [Fact]
    public void Channels_that_no_layer_reads_are_refused_for_want_of_a_consumer()
    {
        var builder = Image();
        builder.Node("ReduceMean", "mean", [builder.Conv("c1", "x", 3, 4)], ("axes", new long[] { 2, 3 }));
        builder.Node("Shape", "shape", ["mean"]);
        builder.Output("shape", ElementType.Int64);

        var bench = new Workbench(builder.Build());

        Assert.Empty(bench.Analysis.Groups);
        Assert.Single(bench.Analysis.Refusals);
    }

    private static GraphProto Branch(string op, string name, string reads = "c1")
    {
        var graph = new GraphProto { Name = name };
        graph.Node.Add(new NodeProto { OpType = op, Input = { reads }, Output = { $"{name}_out" } });
        graph.Output.Add(TestModel.Value($"{name}_out", ElementType.Float));
        return graph;
    }

    private static TestModel Image()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 5, 5);
        return builder;
    }
}
