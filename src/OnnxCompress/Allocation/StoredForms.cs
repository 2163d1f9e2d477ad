using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;

namespace OnnxCompress.Allocation;

/// <summary>The numbers of single layers, as allocation counts them: what a channel or a rank saves depends on them.</summary>
/// <param name="Bytes">By layer, bytes of one weight with its share of the steps.</param>
/// <param name="Wider">Layers that keep more bits than the form has: they are not split as well.</param>
internal sealed record StoredForms(IReadOnlyDictionary<string, double> Bytes, IReadOnlyDictionary<string, NumberForm> Wider)
{
    /// <summary>What a model costs whose layers are stored so.</summary>
    /// <param name="model">The model.</param>
    /// <param name="cost">What it costs as it stands.</param>
    public CostModel CostOf(OnnxModel model, CostModel cost)
    {
        var bytes = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var map in model.Graph.Nodes.Where(n => Bytes.ContainsKey(n.Name)).Select(n => LinearMap.Of(n, model.Graph)).OfType<LinearMap>())
        {
            bytes[map.Weight] = Bytes[map.Node.Name];
        }

        return cost.Storing(bytes);
    }
}
