using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>All rules, by operator.</summary>
internal static class RuleTable
{
    private static readonly Dictionary<string, OperatorRule> ByOperator = new OperatorRule[]
    {
        new ElementwiseRule(), new PassThroughRule(), new ConvolutionRule(), new MatrixProductRule(),
        new ChannelNormalizationRule(), new NormalizedAxisRule(), new PoolingRule(), new ReductionRule(), new TransposeRule(),
        new ReshapeRule(), new ConcatRule(), new ShapeRule(),
        new SliceRule(), new SplitRule(), new PadRule(), new GatherRule(), new ExpandRule(), new ResizeRule(), new DepthSpaceRule(),
        new TransposedConvolutionRule(), new RecurrentRule(), new SkipNormalizationRule(),
        new EmbedNormalizationRule(), new RotaryEmbeddingRule(), new AttentionRule(), new MultiHeadAttentionRule(), new GroupQueryAttentionRule(),
    }.SelectMany(rule => rule.OpTypes.Select(op => (op, rule))).ToDictionary(p => p.op, p => p.rule, StringComparer.Ordinal);

    /// <summary>The rule for the operator of a node; null when there is none.</summary>
    public static OperatorRule? Of(GraphNode node) => ByOperator.GetValueOrDefault(Qualified(node));

    /// <summary>The operator with its domain, unless that is the default one.</summary>
    public static string Qualified(GraphNode node) => node.Domain.Length > 0 ? $"{node.Domain}.{node.OpType}" : node.OpType;
}
