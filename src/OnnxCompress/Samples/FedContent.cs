using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// What a model is fed for a sample, as 128 bits of a hash: samples that a model cannot tell apart hash alike, in whatever
/// element type or file format they are stored.
/// </summary>
public static class FedContent
{
    /// <summary>The content of one sample of a source.</summary>
    /// <param name="source">Where the sample is; it is read.</param>
    /// <param name="index">Which one.</param>
    public static UInt128 Of(ISampleSource source, int index)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Of(source.Read([index]), 0, 1);
    }

    /// <summary>The content of one sample of a batch.</summary>
    /// <param name="feeds">The batch.</param>
    /// <param name="position">Where the sample is in it.</param>
    /// <param name="batch">How many samples it has.</param>
    internal static UInt128 Of(IReadOnlyList<HostTensor> feeds, int position, int batch)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var tensor in feeds)
        {
            var axis = tensor.BatchAxis is { } along && along < tensor.Dims.Count && tensor.Dims[along] == batch ? along : -1;
            hash.AppendData(Encoding.UTF8.GetBytes($"{tensor.Name}:{tensor.Type}[{string.Join(',', tensor.Dims.Where((_, i) => i != (axis < 0 ? 0 : axis)))}]"));
            var all = tensor.Bytes;
            if (axis < 0)
            {
                Append(hash, tensor.Type, all);
                continue;
            }

            // Before the batch axis lie other axes, each index of which has a part of the sample.
            var parts = (int)tensor.Dims.Take(axis).Aggregate(1L, (product, dim) => product * dim);
            var length = parts == 0 ? 0 : all.Length / parts / batch;
            for (var part = 0; part < parts; part++)
            {
                Append(hash, tensor.Type, all.Slice(((part * batch) + position) * length, length));
            }
        }

        Span<byte> result = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(result);
        return BinaryPrimitives.ReadUInt128BigEndian(result);
    }

    private static void Append(IncrementalHash hash, ElementType type, ReadOnlySpan<byte> bytes)
    {
        switch (type)
        {
            case ElementType.Float:
                AppendNumbers(hash, MemoryMarshal.Cast<byte, float>(bytes));
                break;
            case ElementType.Double:
                AppendNumbers(hash, MemoryMarshal.Cast<byte, double>(bytes));
                break;
            case ElementType.Float16:
                AppendNumbers(hash, MemoryMarshal.Cast<byte, Half>(bytes));
                break;
            default:
                hash.AppendData(bytes);
                break;
        }
    }

    // To a model -0 is 0, and adding 0 makes it so; other numbers stay.
    private static void AppendNumbers<T>(IncrementalHash hash, ReadOnlySpan<T> numbers)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        const int BlockBytes = 4096;
        Span<byte> block = stackalloc byte[BlockBytes];
        var sums = MemoryMarshal.Cast<byte, T>(block);
        while (!numbers.IsEmpty)
        {
            var count = Math.Min(sums.Length, numbers.Length);
            for (var i = 0; i < count; i++)
            {
                sums[i] = numbers[i] + T.Zero;
            }

            hash.AppendData(MemoryMarshal.AsBytes(sums[..count]));
            numbers = numbers[count..];
        }
    }
}
