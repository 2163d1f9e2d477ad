using OnnxCompress.Forms;

namespace OnnxCompress.Allocation;

/// <summary>The numbers of single layers, as allocation counts them: what a channel or a rank saves depends on them.</summary>
/// <param name="Bytes">By layer, bytes of one weight with its share of the steps.</param>
/// <param name="Wider">Layers that keep more bits than the form has: they are not split as well.</param>
internal sealed record StoredForms(IReadOnlyDictionary<string, double> Bytes, IReadOnlyDictionary<string, NumberForm> Wider);
