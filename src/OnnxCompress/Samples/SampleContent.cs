using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OnnxCompress.Samples;

/// <summary>Hashes what samples are made of.</summary>
internal static class SampleContent
{
    /// <summary>A number in [0, 2^64) that depends on a sample's content and the seed, not on where it stands.</summary>
    /// <param name="source">Where the sample is.</param>
    /// <param name="index">Which one.</param>
    /// <param name="seed">Another seed gives unrelated numbers.</param>
    public static ulong Hash(ISampleSource source, int index, int seed)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int) + sizeof(ulong)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, seed);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[sizeof(int)..], Content(source, index));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    /// <summary>64 bits of the SHA-256 of a sample's content.</summary>
    public static ulong Content(ISampleSource source, int index)
    {
        if (source is IHashedSamples hashed)
        {
            return hashed.ContentHash(index);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var tensor in source.Read([index]))
        {
            hash.AppendData(tensor.Bytes);
        }

        return Shorten(hash);
    }

    /// <summary>What is done to the content that <see cref="Content"/> hashes; empty where it hashes what the model is fed.</summary>
    public static string Preparation(ISampleSource source) => source is IHashedSamples hashed ? hashed.Preparation : "";

    /// <summary>64 bits of what was hashed; the hash is empty afterwards.</summary>
    public static ulong Shorten(IncrementalHash hash)
    {
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
