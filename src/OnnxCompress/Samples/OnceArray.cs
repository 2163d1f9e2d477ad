using System.Security.Cryptography;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>One value that every sample is fed.</summary>
internal sealed class OnceArray : SampleArray
{
    private readonly SampleArray _value;
    private readonly bool _isSample;
    private byte[]? _content;

    /// <summary>Takes a value over.</summary>
    /// <param name="value">Where it is; closed with this one.</param>
    /// <param name="count">How many samples there are.</param>
    /// <param name="isSample">Whether it is the only sample of its array; else it is the whole array, first axis included.</param>
    public OnceArray(SampleArray value, int count, bool isSample)
    {
        (_value, _isSample, Count) = (value, isSample || value.IsSingle, count);
        SampleDims = _isSample ? value.SampleDims : [value.Count, .. value.SampleDims];
        SampleBytes = _isSample ? value.SampleBytes : checked(value.Count * value.SampleBytes);
    }

    /// <inheritdoc />
    public override string Name => _value.Name;

    /// <inheritdoc />
    public override string Key => _value.Key;

    /// <inheritdoc />
    public override ElementType Type => _value.Type;

    /// <inheritdoc />
    public override int Count { get; }

    /// <inheritdoc />
    public override IReadOnlyList<long> SampleDims { get; }

    /// <inheritdoc />
    public override int SampleBytes { get; }

    /// <inheritdoc />
    public override void ReadSample(int index, Span<byte> destination)
    {
        for (var part = 0; part < (_isSample ? 1 : _value.Count); part++)
        {
            _value.ReadSample(part, destination.Slice(part * _value.SampleBytes, _value.SampleBytes));
        }
    }

    /// <inheritdoc />
    public override void AppendContent(int index, IncrementalHash hash)
    {
        if (_content is null)
        {
            // A table may be large, and samples many.
            using var own = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            base.AppendContent(index, own);
            _content = own.GetHashAndReset();
        }

        hash.AppendData(_content);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _value.Dispose();
        }
    }
}
