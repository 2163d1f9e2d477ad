using System.Runtime.InteropServices;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Tests.Testing;

/// <summary>One output of a run, out of the runtime's memory.</summary>
internal sealed record OutputTensor(string Name, ElementType Type, long[] Dims, byte[] Bytes)
{
    /// <summary>The values as double, whatever the element type.</summary>
    public double[] Values => Type switch
    {
        ElementType.Float => [.. MemoryMarshal.Cast<byte, float>(Bytes).ToArray().Select(v => (double)v)],
        ElementType.Double => MemoryMarshal.Cast<byte, double>(Bytes).ToArray(),
        ElementType.Float16 => [.. MemoryMarshal.Cast<byte, Half>(Bytes).ToArray().Select(v => (double)v)],
        ElementType.Int64 => [.. MemoryMarshal.Cast<byte, long>(Bytes).ToArray().Select(v => (double)v)],
        _ => throw new NotSupportedException(Type.ToString()),
    };

    /// <summary>Copies output <paramref name="index"/> of a run.</summary>
    public static OutputTensor Of(string name, RunResult result, int index) =>
        new(name, result.Type(index), [.. result.Dims(index)], result.Type(index) switch
        {
            ElementType.Float => Copy<float>(result, index),
            ElementType.Double => Copy<double>(result, index),
            ElementType.Float16 => Copy<Half>(result, index),
            ElementType.Int64 => Copy<long>(result, index),
            var other => throw new NotSupportedException(other.ToString()),
        });

    private static byte[] Copy<T>(RunResult result, int index)
        where T : unmanaged => MemoryMarshal.AsBytes(result.Values<T>(index)).ToArray();
}
