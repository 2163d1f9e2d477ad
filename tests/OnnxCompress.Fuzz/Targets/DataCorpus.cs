using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using OnnxCompress.Fuzz.Mutations;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;

namespace OnnxCompress.Fuzz.Targets;

/// <summary>One target for each format of data files.</summary>
internal static class DataCorpus
{
    private static readonly string[] Descriptors =
        ["<f4", "<f8", "<f2", "|u1", "|i1", "<i8", "<u2", "|b1", ">f4", "|O", "<c8", "<U7", "<f16", "", "<f4', 'x': '"];

    private static readonly string[] JsonWords =
        ["[", "]", "{", "}", ",", ":", "1", "-0.5", "1e400", "NaN", "null", "true", "\"x\"", "\"\\ud800\"", "\n", " ", "[1,2]", "{\"x\":[1]}"];

    private static readonly TensorInfo Vector = new("x", ElementType.Float, [new(null), new(4)]);
    private static readonly TensorInfo Tokens = new("ids", ElementType.Int64, [new(null), new(null)]);
    private static readonly TensorInfo Image = new("x", ElementType.Float, [new(null), new(3), new(null), new(null)]);
    private static readonly TensorInfo Bytes = new("b", ElementType.UInt8, [new(null), new(2)]);

    /// <summary>All of them.</summary>
    public static IEnumerable<FuzzTarget> Create() =>
    [
        new DataTarget(".npy", Npy, Vector),
        new DataTarget(".npz", Npz, Vector, Tokens),
        .. PictureCorpus.Create(Image),
        new DataTarget(".csv", Csv, Vector, Bytes),
        new DataTarget(".jsonl", JsonLines, Vector, Tokens),
        new DataTarget(".pb", Tensor, Vector),
    ];

    private static byte[] Npy(Random random)
    {
        byte[] made;
        switch (random.Next(3))
        {
            case 0:
                made = NpyBytes.Of([3, 4], [.. Enumerable.Range(0, 12).Select(_ => (float)Numbers.Real(random))]);
                break;
            case 1:
                var shape = Enumerable.Range(0, random.Next(5)).Select(_ => Numbers.Integer(random)).ToArray();
                made = [.. NpyBytes.Header(Descriptors[random.Next(Descriptors.Length)], shape, random.Next(8) == 0, (byte)(1 + random.Next(3))), .. new byte[random.Next(200)]];
                break;
            default:
                made = NpyBytes.Of([2, 2, 2], [.. Enumerable.Range(0, 8).Select(_ => Numbers.Integer(random))]);
                break;
        }

        return random.Next(3) == 0 ? made : RawBytes.Mutate(made, random);
    }

    private static byte[] Npz(Random random)
    {
        var level = random.Next(2) == 0 ? CompressionLevel.NoCompression : CompressionLevel.Fastest;
        var made = NpyBytes.Archive(
            level, (random.Next(4) == 0 ? "../x" : "x", Npy(random)), ("ids", random.Next(2) == 0 ? Npy(random) : NpyBytes.Of<long>([3, 2], 1, 2, 3, 4, 5, 6)));
        return random.Next(3) == 0 ? made : RawBytes.Mutate(made, random);
    }

    private static byte[] Csv(Random random)
    {
        var text = new StringBuilder(random.Next(2) == 0 ? "x[0],x[1],x[2],x[3],b[0],b[1]\n" : "");
        for (var row = random.Next(6); row > 0; row--)
        {
            text.AppendJoin(',', Enumerable.Range(0, random.Next(8) == 0 ? random.Next(9) : 6).Select(_ => random.Next(5) == 0 ? $"{Numbers.Real(random)}" : $"{random.Next(9)}"));
            text.Append('\n');
        }

        var made = Encoding.UTF8.GetBytes(text.ToString());
        return random.Next(3) == 0 ? made : RawBytes.Mutate(made, random);
    }

    private static byte[] JsonLines(Random random)
    {
        var text = new StringBuilder();
        if (random.Next(2) == 0)
        {
            for (var row = random.Next(5); row > 0; row--)
            {
                text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{{\"x\": [{random.Next(9)}, 2, 3.5, -1], \"ids\": [1, {Numbers.Integer(random)}]}}\n");
            }
        }
        else
        {
            for (var words = random.Next(40); words > 0; words--)
            {
                text.Append(JsonWords[random.Next(JsonWords.Length)]);
            }
        }

        var made = Encoding.UTF8.GetBytes(text.ToString());
        return random.Next(3) == 0 ? made : RawBytes.Mutate(made, random);
    }

    private static byte[] Tensor(Random random)
    {
        var tensor = new TensorProto { Name = "x", DataType = 1, RawData = ByteString.CopyFrom(new byte[3 * 4 * 4]) };
        tensor.Dims.Add([3, 4]);
        for (var edits = random.Next(4); edits > 0; edits--)
        {
            ProtoFields.Mutate(tensor, random);
        }

        return random.Next(3) == 0 ? RawBytes.Mutate(tensor.ToByteArray(), random) : tensor.ToByteArray();
    }
}
