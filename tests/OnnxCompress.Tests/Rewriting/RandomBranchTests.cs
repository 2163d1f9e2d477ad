using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Numerics;
using OnnxCompress.Simplification;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>Random graphs, each of them whole in a branch of an If.</summary>
public sealed class RandomBranchTests
{
    [Fact]
    public void Any_graph_is_lifted_out_of_a_branch_and_put_back_as_it_was()
    {
        for (var seed = 0; seed < 80; seed++)
        {
            var model = InBranch(seed);
            var samples = ModelRunner.Samples(model);

            var lifted = new BranchLifting(ModelRunner.Runtime, samples, 16).Apply(model, samples.Read(First(model)), TestContext.Current.CancellationToken);

            Assert.True(lifted.Lifted.IsEmpty || lifted.Graph.Nodes.Count > 3, $"seed {seed}");
            var (before, after) = (Graph(model), Graph(lifted.AsStored()));
            // Of branches within the graph a constant says which is taken: those are not put back.
            Assert.True(before.Equals(after) || BranchingModel.Branch(before, "then_branch", "whole").Node.Any(n => n.OpType == "If"), $"seed {seed}: {Difference(before, after)}");
        }
    }

    [Fact]
    public void Any_graph_is_compressed_in_a_branch_within_its_budget()
    {
        var done = 0;
        for (var seed = 0; seed < 20; seed++)
        {
            var model = InBranch(seed);
            if (Compress(model) is not { } compressed)
            {
                continue;
            }

            done++;
            Assert.True(BranchingModel.Parameters(compressed) <= 0.85 * BranchingModel.Parameters(model), $"seed {seed}");
            Assert.True(BranchingModel.Branch(Graph(model), "else_branch", "whole").Equals(BranchingModel.Branch(Graph(compressed), "else_branch", "whole")), $"seed {seed}");
            Assert.Equal(ModelRunner.Run(model).Select(o => (o.Name, string.Join(',', o.Dims))), ModelRunner.Run(compressed).Select(o => (o.Name, string.Join(',', o.Dims))));
        }

        Assert.True(done > 5, $"only {done} were compressed");
    }

    private static string Difference(GraphProto before, GraphProto after) => string.Join('\n', before.ToString().Split('{').Zip(after.ToString().Split('{')).FirstOrDefault(p => p.First != p.Second));

    private static GraphProto Graph(OnnxModel model) => ModelProto.Parser.ParseFrom(model.ToBytes()).Graph;

    private static int[] First(OnnxModel model) => OnnxCompress.Samples.SampleBatches.Of(1, model.Inputs, 1).First().Indices;

    private static OnnxModel? Compress(OnnxModel model)
    {
        try
        {
            var options = new CompressionOptions { Budget = new Budget(KeepParameters: 0.85), Alignment = 1, Threads = 1 };
            return new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(model, ModelRunner.Samples(model), options, null, TestContext.Current.CancellationToken).Model;
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
        {
            return null;
        }
    }

    /// <summary>The graph in both branches, under the same names, with a condition that holds whatever is fed.</summary>
    private static OnnxModel InBranch(int seed)
    {
        var proto = ModelProto.Parser.ParseFrom(RandomGraphs.Create(seed).ToBytes());
        var inner = proto.Graph;
        var outer = new GraphProto { Name = "outer", Input = { inner.Input }, Output = { inner.Output.Select(o => o.Clone()) } };
        inner.Input.Clear();
        inner.ValueInfo.Clear();
        // What a graph gives back must bear another name than what its branches give back.
        foreach (var output in outer.Output)
        {
            output.Name = $"whole/{output.Name}";
        }

        outer.Initializer.Add(new TensorProto { Name = "none", DataType = (int)ElementType.Int64, Int64Data = { 0 } });
        outer.Node.Add(new NodeProto { OpType = "Size", Input = { outer.Input[0].Name }, Output = { "size" } });
        outer.Node.Add(new NodeProto { OpType = "Greater", Input = { "size", "none" }, Output = { "is_any" } });
        var node = new NodeProto { OpType = "If", Name = "whole", Input = { "is_any" }, Output = { outer.Output.Select(o => o.Name) } };
        foreach (var (attribute, graph) in new[] { ("then_branch", inner), ("else_branch", inner.Clone()) })
        {
            node.Attribute.Add(new AttributeProto { Name = attribute, Type = AttributeProto.Types.AttributeType.Graph, G = graph });
        }

        outer.Node.Add(node);
        proto.Graph = outer;
        using var bytes = new MemoryStream();
        Google.Protobuf.MessageExtensions.WriteTo(proto, bytes);
        return OnnxModel.Load(bytes.ToArray());
    }
}
