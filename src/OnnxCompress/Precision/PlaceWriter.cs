using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>Writes all places of a graph, and says what became of each layer.</summary>
internal static class PlaceWriter
{
    private const string AloneReason = "the plan keeps what it reads and makes in floating point: in bytes it would lose most";

    /// <summary>Stores weights as whole numbers.</summary>
    /// <param name="model">The model with its pairs; edited in place.</param>
    /// <param name="places">The layers.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="rounded">The values of weights, and steps of those that have them already.</param>
    /// <param name="options">Where the model will run, and what its kernels like.</param>
    public static void Write(OnnxModel model, QuantisedPlaces places, BytePairs pairs, RoundedWeights rounded, QuantizerOptions options)
    {
        var (graph, writer) = (model.Graph, new ByteWriter(model.Graph, pairs, rounded));
        foreach (var map in places.Static)
        {
            writer.WriteStatic(map);
        }

        foreach (var map in places.Dynamic)
        {
            writer.WriteDynamic(map);
        }

        foreach (var map in places.BytesAlone)
        {
            writer.WriteWeight(map);
        }

        foreach (var map in places.Tables)
        {
            writer.WriteTable(map);
        }

        var blocks = new BlockWriter(model, rounded);
        foreach (var map in places.WeightsAlone)
        {
            blocks.WriteProduct(map);
        }

        foreach (var map in places.BlockTables)
        {
            blocks.WriteTable(map);
        }

        graph.Index();
        // Other runtimes find pairs around floats, and know what to make of them.
        if (options.Target == RunTarget.Cpu)
        {
            ByteLayout.PadInBytes(graph);
        }

        if (options.PadsInputs)
        {
            ByteLayout.ReadInFours(graph);
        }

        graph.RemoveDeadNodes();
        graph.RemoveUnusedInitializers();
    }

    /// <summary>The layers, before they are written: then their weights go by other names.</summary>
    public static IReadOnlyList<LayerPrecision> Layers(QuantisedPlaces places, RoundedWeights rounded)
    {
        IEnumerable<LayerPrecision> Of(IEnumerable<LinearMap> maps, string form) => maps.Select(m => new LayerPrecision(m.Node.Name, form)
        {
            Parameters = (long)m.Layout.Outputs * m.Layout.Columns * m.Groups,
            Error = rounded.ErrorOf(m.Weight),
            OwnError = rounded.OwnErrorOf(m.Weight),
        });
        return
        [
            .. Of(places.Static, LayerPrecision.Int8), .. Of(places.Dynamic, LayerPrecision.Dynamic), .. Of(places.BytesAlone, LayerPrecision.Weights).Select(l => l with { Reason = AloneReason }), .. Of(places.Tables, LayerPrecision.Table),
            .. Of(places.Blocks, LayerPrecision.Blocks), .. Of(places.WideBlocks, LayerPrecision.WideBlocks), .. Of(places.BlockTables, LayerPrecision.BlockTable), .. places.Left,
        ];
    }
}
