using System.Text;
using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>Protobuf by hand, field by field: a tensor of 1,024 bytes that lies in a side file.</summary>
internal static class ExternalTensor
{
    /// <summary>The bytes of the tensor.</summary>
    public const int Bytes = 1024;

    /// <summary>The sample model with such a tensor that nothing uses: messages that follow each other are one.</summary>
    public static byte[] InTheSample(string name, string location) =>
        [.. File.ReadAllBytes(SampleFiles.Model), .. Field(7, Field(5, Tensor(name, location)))];

    /// <summary>A TensorProto.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="location">What it calls its file.</param>
    /// <param name="isExternal">Whether it says that its data are there.</param>
    public static byte[] Tensor(string name, string location, bool isExternal = true) =>
    [
        .. new byte[] { 0x08, 0x80, 0x08, 0x10, 0x02 }, // dims: 1024, data_type: UINT8
        .. Field(8, Encoding.UTF8.GetBytes(name)),
        .. Field(13, [.. Field(1, "location"u8.ToArray()), .. Field(2, Encoding.UTF8.GetBytes(location))]),
        .. isExternal ? new byte[] { 0x70, 1 } : [],
        .. Field(13, [.. Field(1, "length"u8.ToArray()), .. Field(2, "1024"u8.ToArray())]),
    ];

    /// <summary>A length-delimited field, shorter than 16,384 bytes.</summary>
    public static byte[] Field(int number, byte[] content) =>
    [
        .. number < 16 ? [(byte)((number << 3) | 2)] : new[] { (byte)(((number << 3) | 2) & 0x7f | 0x80), (byte)(number >> 4) },
        .. content.Length < 128 ? [(byte)content.Length] : new[] { (byte)(content.Length | 0x80), (byte)(content.Length >> 7) },
        .. content,
    ];
}
