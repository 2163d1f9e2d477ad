using System.Text;

namespace OnnxCompress.MSBuild;

/// <summary>
/// The files that a model keeps its weights in, read from the protobuf fields of the ONNX IR specification without a
/// protobuf library: what surrounds the names is skipped by seeking, so that a large model costs no more than a small one.
/// </summary>
internal static class ExternalDataNames
{
    // As deep as the tool's own reader goes, and as long as any name that it accepts.
    private const int DeepestNesting = 100;
    private const int LongestText = 1 << 16;

    // The message types on the way to TensorProto.external_data, and which field leads from each to the next.
    private enum Message
    {
        Model,
        Graph,
        Node,
        Attribute,
        Function,
        Sparse,
        Tensor,
        Training,
    }

    /// <summary>The external tensors and what they call their files, in the order of the file; what was found before the damage when it is damaged.</summary>
    /// <param name="model">The model's file.</param>
    public static IReadOnlyList<(string Tensor, string Location)> Read(Stream model)
    {
        var names = new List<(string Tensor, string Location)>();
        try
        {
            Visit(model, model.Length, Message.Model, names, 0);
        }
        catch (Exception unreadable) when (unreadable is IOException or InvalidDataException or ArgumentException)
        {
            // The tool says what is wrong with the file, in its own words.
        }

        return names;
    }

    private static void Visit(Stream stream, long end, Message message, List<(string Tensor, string Location)> names, int depth)
    {
        while (stream.Position < end)
        {
            var tag = ReadVarint(stream);
            var (field, wire) = ((int)(tag >> 3), (int)(tag & 7));
            if (wire != 2)
            {
                SkipNumber(stream, wire);
                continue;
            }

            var next = End(stream, end);
            if (Child(message, field) is not { } child || depth >= DeepestNesting)
            {
                stream.Position = next;
            }
            else if (child == Message.Tensor)
            {
                names.AddRange(ReadTensor(stream, next));
            }
            else
            {
                Visit(stream, next, child, names, depth + 1);
            }
        }
    }

    // TensorProto: name = 8, external_data = 13, data_location = 14, in which 1 is EXTERNAL; of two the last counts.
    private static IEnumerable<(string Tensor, string Location)> ReadTensor(Stream stream, long end)
    {
        var (name, isExternal, locations) = ("", false, new List<string>());
        while (stream.Position < end)
        {
            var tag = ReadVarint(stream);
            var (field, wire) = ((int)(tag >> 3), (int)(tag & 7));
            if ((field, wire) == (14, 0))
            {
                isExternal = ReadVarint(stream) == 1;
            }
            else if (wire != 2)
            {
                SkipNumber(stream, wire);
            }
            else
            {
                var next = End(stream, end);
                name = field == 8 ? ReadText(stream, next) : name;
                if (field == 13 && ReadEntry(stream, next) is { Key: "location" } entry)
                {
                    locations.Add(entry.Value);
                }

                stream.Position = next;
            }
        }

        return isExternal ? [.. locations.Select(location => (name, location))] : [];
    }

    private static Message? Child(Message message, int field) => (message, field) switch
    {
        (Message.Model, 7) => Message.Graph,
        (Message.Model, 20) => Message.Training,
        (Message.Model, 25) => Message.Function,
        (Message.Training, 1 or 2) => Message.Graph,
        (Message.Function, 7) => Message.Node,
        (Message.Function, 11) => Message.Attribute,
        (Message.Graph, 1) => Message.Node,
        (Message.Graph, 5) => Message.Tensor,
        (Message.Graph, 15) => Message.Sparse,
        (Message.Node, 5) => Message.Attribute,
        (Message.Attribute, 5) => Message.Tensor,
        (Message.Attribute, 6) => Message.Graph,
        (Message.Attribute, 10) => Message.Tensor,
        (Message.Attribute, 11) => Message.Graph,
        (Message.Attribute, 22 or 23) => Message.Sparse,
        (Message.Sparse, 1 or 2) => Message.Tensor,
        _ => null,
    };

    // StringStringEntryProto: key = 1, value = 2.
    private static KeyValuePair<string, string> ReadEntry(Stream stream, long end)
    {
        var (key, value) = ("", "");
        while (stream.Position < end)
        {
            var tag = ReadVarint(stream);
            if ((tag & 7) != 2)
            {
                SkipNumber(stream, (int)(tag & 7));
                continue;
            }

            var text = ReadText(stream, End(stream, end));
            (key, value) = tag >> 3 == 1 ? (text, value) : (key, text);
        }

        return new(key, value);
    }

    private static long End(Stream stream, long end)
    {
        var length = (long)ReadVarint(stream);
        return length >= 0 && length <= end - stream.Position ? stream.Position + length : throw new InvalidDataException();
    }

    // What is longer is cut: it stays longer than any name that is accepted.
    private static string ReadText(Stream stream, long end)
    {
        var bytes = new byte[Math.Min(end - stream.Position, LongestText)];
        for (var read = 0; read < bytes.Length;)
        {
            var more = stream.Read(bytes, read, bytes.Length - read);
            read += more > 0 ? more : throw new InvalidDataException();
        }

        stream.Position = end;
        return Encoding.UTF8.GetString(bytes);
    }

    private static void SkipNumber(Stream stream, int wire)
    {
        if (wire == 0)
        {
            _ = ReadVarint(stream);
        }
        else
        {
            stream.Position += wire == 1 ? 8 : wire == 5 ? 4 : throw new InvalidDataException();
        }
    }

    private static ulong ReadVarint(Stream stream)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var b = stream.ReadByte();
            if (b < 0)
            {
                throw new InvalidDataException();
            }

            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException();
    }
}
