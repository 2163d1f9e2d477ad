using System.Text;

namespace OnnxCompress.MSBuild;

/// <summary>
/// The files that a model keeps its weights in, read from the protobuf fields of the ONNX IR specification without a
/// protobuf library: what surrounds the names is skipped by seeking, so that a large model costs no more than a small one.
/// </summary>
internal static class ExternalDataNames
{
    private const int DeepestNesting = 64;

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
    }

    /// <summary>Names relative to the model's folder, each once, in the order of the file; empty when the model has none or cannot be read.</summary>
    public static IReadOnlyList<string> Read(string model)
    {
        var names = new List<string>();
        try
        {
            using var stream = new FileStream(model, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 14);
            Visit(stream, stream.Length, Message.Model, names, 0);
        }
        catch (Exception unreadable) when (unreadable is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
        {
            // The tool says what is wrong with the file, in its own words.
        }

        return names;
    }

    private static void Visit(FileStream stream, long end, Message message, List<string> names, int depth)
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

            var length = (long)ReadVarint(stream);
            var next = stream.Position + length;
            if (length < 0 || next > end)
            {
                throw new InvalidDataException();
            }

            if (message == Message.Tensor && field == 13)
            {
                Add(ReadEntry(stream, next), names);
            }
            else if (Child(message, field) is { } child && depth < DeepestNesting)
            {
                Visit(stream, next, child, names, depth + 1);
            }

            stream.Position = next;
        }
    }

    private static Message? Child(Message message, int field) => (message, field) switch
    {
        (Message.Model, 7) => Message.Graph,
        (Message.Model, 25) => Message.Function,
        (Message.Function, 7) => Message.Node,
        (Message.Graph, 1) => Message.Node,
        (Message.Graph, 5) => Message.Tensor,
        (Message.Graph, 15) => Message.Sparse,
        (Message.Node, 5) => Message.Attribute,
        (Message.Attribute, 5) => Message.Tensor,
        (Message.Attribute, 6) => Message.Graph,
        (Message.Attribute, 10) => Message.Tensor,
        (Message.Attribute, 11) => Message.Graph,
        (Message.Sparse, 1 or 2) => Message.Tensor,
        _ => null,
    };

    private static void Add(KeyValuePair<string, string> entry, List<string> names)
    {
        if (entry.Key == "location" && !names.Contains(entry.Value))
        {
            names.Add(entry.Value);
        }
    }

    // StringStringEntryProto: key = 1, value = 2.
    private static KeyValuePair<string, string> ReadEntry(FileStream stream, long end)
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

            var length = (long)ReadVarint(stream);
            if (length < 0 || stream.Position + length > end)
            {
                throw new InvalidDataException();
            }

            var bytes = new byte[length];
            for (var read = 0; read < bytes.Length;)
            {
                var more = stream.Read(bytes, read, bytes.Length - read);
                read += more > 0 ? more : throw new InvalidDataException();
            }

            var text = Encoding.UTF8.GetString(bytes);
            (key, value) = tag >> 3 == 1 ? (text, value) : (key, text);
        }

        return new(key, value);
    }

    private static void SkipNumber(FileStream stream, int wire)
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

    private static ulong ReadVarint(FileStream stream)
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
