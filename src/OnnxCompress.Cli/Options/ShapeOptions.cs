using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>Sizes of dynamic dimensions where there are no data to read them from.</summary>
internal sealed class ShapeOptions
{
    private readonly Option<string[]> _shapes = OptionFactory.Repeatable(
        "--shape", "NAME=1,3,224,224", "The shape of an input with dynamic dimensions, for counting; 0 for an empty past.");

    /// <summary>Declares the option.</summary>
    public void AddTo(Command command) => command.Options.Add(_shapes);

    /// <summary>Full shapes by input name.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011 or OCX9014.</exception>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Read(ParseResult parsed)
    {
        var shapes = new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal);
        foreach (var text in parsed.GetValue(_shapes) ?? [])
        {
            // Names of tensors may hold '=' and ':', sizes never do.
            var separator = text.LastIndexOf('=');
            if (separator <= 0)
            {
                throw Usage.Invalid("--shape", text, "NAME=1,3,224,224: an input and its sizes");
            }

            long[] dims = [.. text[(separator + 1)..].Split(',').Select(size => (long)OptionText.Whole("--shape", size.Trim(), 0))];
            if (!shapes.TryAdd(text[..separator], dims))
            {
                throw Usage.Conflict($"--shape is given twice for '{text[..separator]}'.");
            }
        }

        return shapes;
    }
}
