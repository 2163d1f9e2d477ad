using System.Globalization;

namespace OnnxCompress.Fuzz;

/// <summary>The command line of a verb: <c>--name value</c> pairs.</summary>
internal sealed class FuzzOptions
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Reads the pairs.</summary>
    /// <exception cref="ArgumentException">A name without a value, or one that is not known.</exception>
    public FuzzOptions(string[] args, params string[] known)
    {
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!known.Contains(args[i]) || i + 1 == args.Length)
            {
                throw new ArgumentException($"'{args[i]}' is not understood; the options are {string.Join(", ", known)}, each with a value.", nameof(args));
            }

            _values[args[i]] = args[i + 1];
        }
    }

    /// <summary>A text, or null.</summary>
    public string? Text(string name) => _values.GetValueOrDefault(name);

    /// <summary>A whole number.</summary>
    public long Number(string name, long otherwise) => Text(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
