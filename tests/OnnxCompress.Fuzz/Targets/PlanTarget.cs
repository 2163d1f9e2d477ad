using System.Text;
using System.Text.RegularExpressions;
using OnnxCompress.Allocation;
using OnnxCompress.Fuzz.Mutations;

namespace OnnxCompress.Fuzz.Targets;

/// <summary>Plan files: reading, and carrying out on the model they are for.</summary>
/// <param name="sample">The model and a sound plan.</param>
internal sealed partial class PlanTarget(CompressedSample sample) : FuzzTarget
{
    private readonly string[] _words =
        [.. Word().Matches(Encoding.UTF8.GetString(sample.Plan)).Select(m => m.Value).Distinct(), "null", "-1", "2147483647", "1e999", "[]", "{}", "\"\"", "true"];

    /// <inheritdoc />
    public override string Name => "plan";

    /// <inheritdoc />
    public override string Extension => ".json";

    /// <inheritdoc />
    public override int Weight => 8;

    /// <inheritdoc />
    public override byte[] Make(Random random)
    {
        if (random.Next(5) == 0)
        {
            return RawBytes.Mutate(sample.Plan, random);
        }

        var text = Encoding.UTF8.GetString(sample.Plan);
        for (var edits = 1 + random.Next(3); edits > 0; edits--)
        {
            var words = Word().Matches(text);
            var word = words[random.Next(words.Count)];
            var by = random.Next(3) switch
            {
                0 => _words[random.Next(_words.Length)],
                1 => $"{Numbers.Integer(random)}",
                _ => words[random.Next(words.Count)].Value,
            };
            text = string.Concat(text.AsSpan(0, word.Index), by, text.AsSpan(word.Index + word.Length));
        }

        return Encoding.UTF8.GetBytes(text);
    }

    /// <inheritdoc />
    public override void Run(byte[] input, string path, Random random, CancellationToken cancellation) =>
        sample.Apply(CompressionPlan.Load(path), cancellation);

    [GeneratedRegex("""("[^"]*"|[-\w.+]+)(?!\s*:)""")]
    private static partial Regex Word();
}
