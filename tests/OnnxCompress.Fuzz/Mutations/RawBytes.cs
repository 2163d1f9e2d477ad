namespace OnnxCompress.Fuzz.Mutations;

/// <summary>Changes bytes without knowing what they mean.</summary>
internal static class RawBytes
{
    private static readonly byte[] Telling = [0, 1, 0x7F, 0x80, 0xFF, (byte)'"', (byte)'-', (byte)'9', (byte)'\n', (byte)','];

    /// <summary>A changed copy; one to four edits, most often one.</summary>
    public static byte[] Mutate(byte[] source, Random random)
    {
        var bytes = source.ToList();
        for (var edits = 1 + (int)(3 * Math.Pow(random.NextDouble(), 3)); edits > 0; edits--)
        {
            Edit(bytes, random);
        }

        return [.. bytes];
    }

    private static void Edit(List<byte> bytes, Random random)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)random.Next(256));
            return;
        }

        var at = random.Next(bytes.Count);
        var length = Math.Min(bytes.Count - at, 1 + random.Next(random.Next(2) == 0 ? 4 : 64));
        switch (random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes[at] = Telling[random.Next(Telling.Length)];
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - length + 1), length));
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                // Lengths that lie, in the byte orders of the formats.
                var number = BitConverter.GetBytes(Numbers.Integer(random));
                Array.Reverse(number, 0, random.Next(2) * number.Length);
                Overwrite(bytes, at, number.AsSpan(0, 1 << random.Next(4)));
                break;
            case 7:
                Overwrite(bytes, at, [.. bytes.GetRange(random.Next(bytes.Count - length + 1), length)]);
                break;
            default:
                bytes.InsertRange(at, Enumerable.Repeat(Telling[random.Next(Telling.Length)], 1 << random.Next(12)));
                break;
        }
    }

    private static void Overwrite(List<byte> bytes, int at, ReadOnlySpan<byte> by)
    {
        for (var i = 0; i < by.Length && at + i < bytes.Count; i++)
        {
            bytes[at + i] = by[i];
        }
    }
}
