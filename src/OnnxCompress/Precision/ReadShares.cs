using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;

namespace OnnxCompress.Precision;

/// <summary>How often the elements of a kernel read the input and not the zeros around it.</summary>
internal static class ReadShares
{
    /// <summary>The share of output positions at which each element of the kernel does; 1 for layers without one.</summary>
    /// <param name="map">The layer.</param>
    /// <param name="shapes">Its shapes.</param>
    public static double[] Of(LinearMap map, TensorShapes shapes)
    {
        if (map.Window is not { MayPad: true } window || shapes.Of(map.Input) is not { } input || shapes.Of(map.Output) is not { } output)
        {
            return [.. Enumerable.Repeat(1.0, map.Layout.Taps)];
        }

        var table = PatchTable.Create(window, input[LinearMap.SpatialFrom..], output[LinearMap.SpatialFrom..]);
        var shares = new double[table.Taps];
        for (var position = 0; position < table.Positions; position++)
        {
            var sources = table.Of(position);
            for (var tap = 0; tap < shares.Length; tap++)
            {
                shares[tap] += sources[tap] >= 0 ? 1.0 / table.Positions : 0;
            }
        }

        return shares;
    }
}
