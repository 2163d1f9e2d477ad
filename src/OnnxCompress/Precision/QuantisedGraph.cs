using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>A model on its way into fewer bits.</summary>
/// <param name="Original">The model in single floats; not changed.</param>
/// <param name="Shapes">Its shapes.</param>
/// <param name="Made">The copy that is put into fewer bits; its weights stay floats, with values of their grids, until they are written.</param>
/// <param name="Places">Where.</param>
/// <param name="Pairs">What makes bytes of activations.</param>
/// <param name="Rounded">The weights, and which of them are done.</param>
internal sealed record QuantisedGraph(
    OnnxModel Original, TensorShapes Shapes, OnnxModel Made, QuantisedPlaces Places, BytePairs Pairs, RoundedWeights Rounded);
