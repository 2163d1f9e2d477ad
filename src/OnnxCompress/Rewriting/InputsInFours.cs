using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Timing;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Convolutions in bytes whose channels are made a multiple of four with weights of zero: kernels on bytes multiply four in one
/// instruction, and of other numbers, as the three of pictures, the runtime unrolls every position into a product first. That is done
/// where bytes are written; here is which layers it is for, and what it adds.
/// </summary>
internal static class InputsInFours
{
    /// <summary>Channels that are multiplied in one instruction (VNNI and dot products of ARM64 alike).</summary>
    public const int Together = 4;

    private const int Planes = 2;

    /// <summary>Whether there are any.</summary>
    public static bool Any(ModelGraph graph) => graph.Nodes.Any(n => LinearMap.Of(n, graph) is { } map && IsOdd(map));

    /// <summary>Multiply-accumulates that the model has more for one sample.</summary>
    /// <param name="graph">The graph in floats, with the channels that stay.</param>
    /// <param name="shrinkage">Has the shapes of the original.</param>
    public static long Macs(ModelGraph graph, Shrinkage shrinkage) => graph.Nodes.Select(n => LinearMap.Of(n, graph)).OfType<LinearMap>().Where(IsOdd)
        .Where(map => shrinkage.Shapes.Of(map.Output) is not null)
        .Sum(map => shrinkage.Shapes.Of(map.Output)!.Skip(LinearMap.SpatialFrom).Concat(map.Kernel)
            .Aggregate((long)map.Outputs * (WidthTable.Padded(map.Inputs, Together) - map.Inputs), (product, size) => checked(product * size)));

    private static bool IsOdd(LinearMap map) => map is { Kind: LinearKind.Convolution, Groups: 1, Kernel.Length: Planes } && map.Inputs % Together != 0;
}
