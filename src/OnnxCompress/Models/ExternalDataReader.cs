using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>Reads the side files of a model into memory: each byte once, however many tensors share it.</summary>
/// <param name="file">The model's file; null for a model that was read from memory and lies in no folder.</param>
/// <param name="given">The folder of the name by which the user calls the model; null like <paramref name="file"/>.</param>
/// <param name="allowOutside">Whether a side file may lie anywhere.</param>
/// <param name="hash">Takes the bytes that were read.</param>
internal sealed class ExternalDataReader(RegularFile? file, string? given, bool allowOutside, IncrementalHash hash)
{
    private readonly SortedSet<string> _files = new(StringComparer.Ordinal);

    /// <summary>The files that were read, in full.</summary>
    public IReadOnlyCollection<string> Files => _files;

    /// <summary>Gives tensors the bytes they name.</summary>
    /// <param name="tensors">Tensors whose data are external; changed in place, once all names were found fit.</param>
    /// <exception cref="OnnxCompressException">OCX1004, OCX1005 or OCX1009.</exception>
    public void Internalize(IReadOnlyList<TensorProto> tensors)
    {
        var groups = tensors.GroupBy(Name, StringComparer.Ordinal).ToArray();
        foreach (var group in groups)
        {
            TensorProto[] sharing = [.. group];
            Read(sharing);
        }

        foreach (var tensor in tensors)
        {
            tensor.ExternalData.Clear();
            tensor.ClearDataLocation();
        }
    }

    private string Name(TensorProto tensor)
    {
        var location = Location(tensor);
        if (file is null && location.Length > 0)
        {
            throw Refused(tensor, DiagnosticCodes.ExternalDataMissing,
                $"its file '{SideFileRule.Show(location)}' lies beside the model's file, and this model was read from memory");
        }

        try
        {
            return allowOutside ? location : SideFileRule.Name(location);
        }
        catch (FileRefusedException refused)
        {
            throw Refused(tensor, refused);
        }
    }

    private RegularFile Open(TensorProto tensor)
    {
        try
        {
            if (allowOutside)
            {
                return SideFileRule.OpenAnywhere(file!, given!, Location(tensor));
            }

            return SideFileRule.Open(file!, Location(tensor));
        }
        catch (FileRefusedException refused)
        {
            throw Refused(tensor, refused);
        }
    }

    private void Read(TensorProto[] sharing)
    {
        using var side = Open(sharing[0]);
        _files.Add(side.RealPath);
        if (LargeFilePointer.IsOne(side.Stream.SafeFileHandle, side.Length))
        {
            throw Refused(sharing[0], DiagnosticCodes.ExternalDataMissing, $"of '{SideFileRule.Show(Location(sharing[0]))}': {LargeFilePointer.Advice}");
        }

        var places = Array.ConvertAll(sharing, tensor => Place(tensor, side.Length));
        var ranges = new SharedRanges(places);
        var held = new Dictionary<long, byte[]>();
        foreach (var (tensor, place) in sharing.Zip(places))
        {
            var range = ranges.Around(place);
            if (range.Length > Array.MaxLength)
            {
                throw Refused(tensor, DiagnosticCodes.ExternalDataMissing,
                    $"it shares a chain of {range.Length} bytes of '{SideFileRule.Show(Location(tensor))}' with others, more than fit into memory at once");
            }

            if (range.Length > 0 && !held.ContainsKey(range.Start))
            {
                held[range.Start] = Bytes(tensor, side, range);
            }

            tensor.RawData = range.Length == 0 ? ByteString.Empty
                : UnsafeByteOperations.UnsafeWrap(held[range.Start].AsMemory((int)(place.Start - range.Start), (int)place.Length));
        }
    }

    private byte[] Bytes(TensorProto tensor, RegularFile side, (long Start, long Length) range)
    {
        var bytes = GC.AllocateUninitializedArray<byte>((int)range.Length);
        for (var read = 0; read < bytes.Length;)
        {
            var count = RandomAccess.Read(side.Stream.SafeFileHandle, bytes.AsSpan(read), range.Start + read);
            read += count > 0 ? count
                : throw Refused(tensor, DiagnosticCodes.ExternalDataMissing, $"'{SideFileRule.Show(Location(tensor))}' became shorter while it was read");
        }

        hash.AppendData(bytes);
        return bytes;
    }

    private static (long Start, long Length) Place(TensorProto tensor, long available)
    {
        var offset = Number(tensor, "offset", 0);
        var length = Number(tensor, "length", available - offset);
        return offset >= 0 && length >= 0 && length <= Array.MaxLength && offset <= available && length <= available - offset
            ? (offset, length)
            : throw Refused(tensor, DiagnosticCodes.ExternalDataMissing,
                $"it wants {length} bytes at {offset} of '{SideFileRule.Show(Location(tensor))}', which has {available}");
    }

    private static long Number(TensorProto tensor, string key, long otherwise)
    {
        var text = Entry(tensor, key);
        if (string.IsNullOrEmpty(text))
        {
            return otherwise;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refused(tensor, DiagnosticCodes.ExternalDataMissing, $"its {key} '{SideFileRule.Show(text)}' is not a number");
    }

    private static string Location(TensorProto tensor) => Entry(tensor, "location") ?? "";

    // Readers differ on which of two they take.
    private static string? Entry(TensorProto tensor, string key)
    {
        var entries = tensor.ExternalData.Where(e => e.Key == key).Take(2).ToArray();
        return entries.Length < 2 ? entries.FirstOrDefault()?.Value
            : throw Refused(tensor, DiagnosticCodes.ExternalDataUnusable, $"it says its {key} twice");
    }

    private static OnnxCompressException Refused(TensorProto tensor, FileRefusedException refused)
    {
        var advice = refused.Code == DiagnosticCodes.ExternalDataOutside ? "; on the command line --allow-external-outside permits that for a model you trust" : "";
        return Refused(tensor, refused.Code, refused.Message + advice);
    }

    private static OnnxCompressException Refused(TensorProto tensor, string code, string reason) => new(
        code, $"The external data of {(tensor.Name.Length == 0 ? "a tensor without a name" : $"tensor '{SideFileRule.Show(tensor.Name)}'")} cannot be read: {reason}.");
}
