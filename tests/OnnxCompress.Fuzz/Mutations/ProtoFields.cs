using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace OnnxCompress.Fuzz.Mutations;

/// <summary>Changes a protobuf message by its own description: any field of any message in it, whatever the schema.</summary>
internal static class ProtoFields
{
    /// <summary>Makes one change somewhere in a message.</summary>
    public static void Mutate(IMessage root, Random random)
    {
        var all = new List<IMessage>();
        Collect(root, all);
        // Messages of rare types as often as those of common ones: there are many more attributes than type declarations.
        var kinds = all.GroupBy(m => m.Descriptor.FullName).ToArray();
        IMessage[] kind = random.Next(2) == 0 ? [.. all] : [.. kinds[random.Next(kinds.Length)]];
        var message = kind[random.Next(kind.Length)];
        var present = message.Descriptor.Fields.InDeclarationOrder().Where(f => IsPresent(message, f)).ToArray();
        var field = present.Length > 0 && random.Next(4) > 0
            ? present[random.Next(present.Length)]
            : message.Descriptor.Fields.InDeclarationOrder()[random.Next(message.Descriptor.Fields.InDeclarationOrder().Count)];
        if (field.IsRepeated)
        {
            ChangeList((IList)field.Accessor.GetValue(message), field, all, random);
        }
        else if (random.Next(6) == 0)
        {
            field.Accessor.Clear(message);
        }
        else if (Value(field, field.Accessor.GetValue(message), all, random) is { } value)
        {
            field.Accessor.SetValue(message, value);
        }
    }

    private static bool IsPresent(IMessage message, FieldDescriptor field) =>
        field.IsRepeated ? ((IList)field.Accessor.GetValue(message)).Count > 0 : field.HasPresence && field.Accessor.HasValue(message);

    private static void Collect(IMessage message, List<IMessage> all)
    {
        all.Add(message);
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder().Where(f => f.FieldType == FieldType.Message))
        {
            foreach (var child in field.IsRepeated ? (IEnumerable)field.Accessor.GetValue(message) : new[] { field.Accessor.GetValue(message) })
            {
                if (child is IMessage inner)
                {
                    Collect(inner, all);
                }
            }
        }
    }

    private static void ChangeList(IList list, FieldDescriptor field, List<IMessage> all, Random random)
    {
        switch (random.Next(7))
        {
            case 0 when list.Count > 0:
                list.RemoveAt(random.Next(list.Count));
                break;
            case 1 when list.Count > 0:
                list.Insert(random.Next(list.Count + 1), Copy(list[random.Next(list.Count)]!));
                break;
            case 2 when list.Count > 1:
                var (i, j) = (random.Next(list.Count), random.Next(list.Count));
                (list[i], list[j]) = (list[j], list[i]);
                break;
            case 3 when random.Next(3) == 0:
                list.Clear();
                break;
            case 4 or 5 when list.Count > 0:
                var at = random.Next(list.Count);
                if (Value(field, list[at]!, all, random) is { } changed)
                {
                    list[at] = changed;
                }

                break;
            default:
                if (Value(field, null, all, random) is { } added)
                {
                    list.Insert(random.Next(list.Count + 1), added);
                }

                break;
        }
    }

    private static object Copy(object value) => value is IMessage message ? Clone(message) : value;

    private static IMessage Clone(IMessage message) => message.Descriptor.Parser.ParseFrom(message.ToByteArray());

    private static object? Value(FieldDescriptor field, object? old, List<IMessage> all, Random random)
    {
        switch (field.FieldType)
        {
            case FieldType.Message:
                IMessage[] alike = [.. all.Where(m => m.Descriptor == field.MessageType)];
                return alike.Length > 0 && random.Next(4) > 0 ? Clone(alike[random.Next(alike.Length)]) : field.MessageType.Parser.ParseFrom([]);
            case FieldType.String:
                return Text(all, random);
            case FieldType.Bytes:
                return old is ByteString { Length: > 0 } bytes && random.Next(4) > 0
                    ? ByteString.CopyFrom(RawBytes.Mutate(bytes.ToByteArray(), random))
                    : ByteString.CopyFrom(new byte[random.Next(40)]);
            case FieldType.Enum:
                return Enum.ToObject(field.EnumType.ClrType, random.Next(-1, 25));
            case FieldType.Float:
                return (float)Numbers.Real(random);
            case FieldType.Double:
                return Numbers.Real(random);
            case FieldType.Int32:
                return unchecked((int)Numbers.Integer(random));
            case FieldType.Int64:
                return Numbers.Integer(random);
            case FieldType.UInt64:
                return unchecked((ulong)Numbers.Integer(random));
            case FieldType.Bool:
                return random.Next(2) == 0;
            default:
                return null;
        }
    }

    /// <summary>Another name of the same model most often: that makes cycles, doubles and dangling references.</summary>
    private static string Text(List<IMessage> all, Random random)
    {
        if (random.Next(5) == 0)
        {
            return random.Next(6) switch
            {
                0 => "",
                1 => new string('x', 1 << random.Next(18)),
                2 => "../../etc/passwd",
                3 => "\0\u202E\uFFFD\U0001F600'\"\\\n",
                4 => "ai.onnx",
                _ => "com.example",
            };
        }

        for (var tries = 0; tries < 50; tries++)
        {
            var message = all[random.Next(all.Count)];
            var texts = message.Descriptor.Fields.InDeclarationOrder().Where(f => f.FieldType == FieldType.String)
                .SelectMany(f => f.IsRepeated ? ((IEnumerable)f.Accessor.GetValue(message)).Cast<string>() : [(string)f.Accessor.GetValue(message)])
                .Where(t => t.Length > 0)
                .ToArray();
            if (texts.Length > 0)
            {
                return texts[random.Next(texts.Length)];
            }
        }

        return "none";
    }
}
