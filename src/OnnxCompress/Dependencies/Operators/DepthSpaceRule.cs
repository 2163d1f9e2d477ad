using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// DepthToSpace turns b * b channels into one channel of b x b pixels, so those go together; SpaceToDepth is the inverse.
/// </summary>
internal sealed class DepthSpaceRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["DepthToSpace", "SpaceToDepth"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var input = relations.Axes(node.Inputs[0]);
        relations.Pin(input.Skip(2), DiagnosticCodes.AxisNotChannels, node.Name, $"'{node.Name}' ({node.OpType}) divides or joins them");
        var channels = input[1] is null ? null
            : node.OpType == "DepthToSpace" ? Gathered(node, relations, input[1]!) : Spread(node, input[1]!);
        relations.Set(node.Outputs[0], input[0], channels, null, null);
    }

    private static IndexAxis Gathered(GraphNode node, Relations relations, IndexAxis channels)
    {
        var block = (int)(node.Int("blocksize", 1) * node.Int("blocksize", 1));
        var outputs = channels.Length / block;
        // DCR: channel = pixel * outputs + output. CRD: channel = output * block + pixel.
        var isPixelFirst = node.Text("mode", "DCR") == "DCR";
        var ids = new int[outputs];
        for (var output = 0; output < outputs; output++)
        {
            ids[output] = channels.Ids[isPixelFirst ? output : output * block];
            for (var pixel = 0; pixel < block; pixel++)
            {
                relations.Elements.Tie(ids[output], channels.Ids[isPixelFirst ? (pixel * outputs) + output : (output * block) + pixel]);
            }
        }

        return new IndexAxis(ids);
    }

    private static IndexAxis Spread(GraphNode node, IndexAxis channels)
    {
        var block = (int)(node.Int("blocksize", 1) * node.Int("blocksize", 1));
        var ids = new int[channels.Length * block];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = channels.Ids[i % channels.Length];
        }

        return new IndexAxis(ids);
    }
}
