using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration.Data;

/// <summary>Hashes what samples are made of.</summary>
internal static class SampleContent
{
    /// <summary>A number in [0, 2^64) that depends on a sample's content and the seed, not on where it stands.</summary>
    /// <param name="source">Where the sample is.</param>
    /// <param name="index">Which one.</param>
    /// <param name="seed">Another seed gives unrelated numbers.</param>
    /// <param name="hash">SHA-256, empty before and after.</param>
    public static ulong Hash(ISampleSource source, int index, int seed, IncrementalHash hash)
    {
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, seed);
        hash.AppendData(bytes[..sizeof(int)]);
        Append(source, index, hash);
        hash.GetHashAndReset(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    /// <summary>Appends a sample's content.</summary>
    public static void Append(ISampleSource source, int index, IncrementalHash hash)
    {
        if (source is IHashedSamples hashed)
        {
            hashed.AppendContent(index, hash);
            return;
        }

        foreach (var tensor in source.Read([index]))
        {
            var bytes = checked((int)tensor.Count * tensor.Type.SizeInBytes());
            hash.AppendData(MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(tensor.Values), bytes));
        }
    }
}
