using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Tests.Testing;

/// <summary>Given ids, one row for each sample, for each of some inputs.</summary>
/// <param name="type">Int64 or Int32.</param>
/// <param name="inputs">Names and rows, as many rows for each.</param>
internal sealed class IdSource(ElementType type, params (string Name, long[][] Rows)[] inputs) : ISampleSource
{
    public int Count => inputs[0].Rows.Length;

    public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
    {
        var chosen = indices.ToArray();
        return
        [
            .. inputs.Select(input =>
            {
                long[] ids = [.. chosen.SelectMany(i => input.Rows[i])];
                Array values = type == ElementType.Int64 ? ids : Array.ConvertAll(ids, id => (int)id);
                return new HostTensor(input.Name, type, [chosen.Length, input.Rows[0].Length], values);
            }),
        ];
    }
}
