using System.CommandLine;
using OnnxCompress.Forms;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection;

namespace OnnxCompress.Cli.Options;

/// <summary>How a model is compressed.</summary>
internal sealed class MethodOptions
{
    private const string Nothing = "none";

    private static readonly (string Word, SplitForm? Form)[] Forms =
    [
        ("response", SplitForm.Response), ("plain", SplitForm.Plain), ("alds", SplitForm.Alds),
        ("input", SplitForm.Input), ("tucker", SplitForm.Tucker), ("spatial", SplitForm.Spatial),
    ];

    private readonly Option<string?> _methods = OptionFactory.Text("--methods", "LIST", "Methods, separated by commas: id, svd, coreset, redundancy, depth. Default: id,svd; without data coreset,id,svd. none: nothing is removed, the model is only written in a form that runs faster.", "id", "svd", "coreset", "redundancy", "depth", Nothing);
    private readonly Option<string?> _precision = OptionFactory.Text(
        "--precision", "float|int8|int4|float16|auto", "The numbers that layers are stored and run in: as they are, 8 bits, weights of 4 bits, half floats, or whichever of these keeps most within a budget of bytes or time, or is fastest or smallest without one. Default: auto where bytes or time are made small, else float.", "float", "int8", "int4", "float16", "auto");

    private readonly Option<string?> _target = OptionFactory.Text(
        "--target", "cpu|gpu|any", "Where the model will run: on processors like this one, on a GPU, or anywhere, with standard operators alone. Nothing is said of time but for cpu. Default: cpu.", "cpu", "gpu", "any");

    private readonly Option<string?> _reconstruct = OptionFactory.Text(
        "--reconstruct", "none|local|sequential",
        "How the weights that stay are made: as published, by least squares layer by layer, or in one pass over the compressed network. Default: sequential.",
        "none", "local", "sequential");

    private readonly Option<string?> _align = OptionFactory.Text(
        "--align", "N|auto", "Kept widths are multiples of N; auto: the table for this CPU. Default: auto.", "auto");

    private readonly Option<string?> _selection = OptionFactory.Text(
        "--selection", "target|pivoted-qr|strong-rrqr", "How id chooses the channels that stay. Default: target.", "target", "pivoted-qr", "strong-rrqr");

    private readonly Option<string?> _split = OptionFactory.Text(
        "--split", "FORM", "How svd splits a layer: response, plain, alds, input, tucker, spatial or auto. Default: auto: response and spatial, response alone with --reconstruct local, alds with none.",
        ["auto", .. Forms.Select(form => form.Word)]);

    private readonly Option<string?> _trials = OptionFactory.Text(
        "--trials", "N", "Models that are carried out and compared for a budget; beyond the usual five the budget is moved between layers while that helps. Default: 5, or 7 with --reconstruct none.");

    private readonly Option<string[]> _include = OptionFactory.Repeatable("--include", "GLOB", "Only nodes with a matching name are compressed.");
    private readonly Option<string[]> _exclude = OptionFactory.Repeatable("--exclude", "GLOB", "Nodes with a matching name are left alone.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _methods, _precision, _target, _reconstruct, _align, _selection, _split, _trials, _include, _exclude })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Fills in what the options say.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011.</exception>
    public CompressionOptions Apply(ParseResult parsed, CompressionOptions options) => options with
    {
        Methods = RemovesNothing(parsed) ? [] : Methods(parsed.GetValue(_methods)),
        RemovesNothing = RemovesNothing(parsed),
        Precision = Precision(parsed.GetValue(_precision), options),
        Target = Target(parsed, options),
        Reconstruction = Reconstruction(parsed.GetValue(_reconstruct) ?? "sequential"),
        Alignment = parsed.GetValue(_align) is { } text && text != "auto" ? OptionText.Whole("--align", text, 1, 1024) : null,
        Selection = OptionText.Word(
            "--selection", parsed.GetValue(_selection) ?? "target", ("target", ChannelSelection.Target), ("pivoted-qr", ChannelSelection.PivotedQr),
            ("strong-rrqr", ChannelSelection.StrongRrqr)),
        Split = Split(parsed),
        Trials = parsed.GetValue(_trials) is { } trials ? OptionText.Whole("--trials", trials, 1, 10_000) : null,
        Include = parsed.GetValue(_include) ?? [],
        Exclude = parsed.GetValue(_exclude) ?? [],
    };

    /// <summary>Whether the user asks for rewrites alone that change no output.</summary>
    public bool RemovesNothing(ParseResult parsed) => parsed.GetValue(_methods)?.Trim() == Nothing;

    /// <summary>Whether the user asks for a way of making weights that runs the network on samples.</summary>
    public bool ReconstructionNeedsData(ParseResult parsed) => parsed.GetValue(_reconstruct) == "sequential";

    /// <summary>Refuses what cannot be done without data and statistics.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9014.</exception>
    public void CheckWithoutData(ParseResult parsed, CompressionOptions options)
    {
        if (options.Methods.Contains(CompressionMethod.Redundancy))
        {
            throw Usage.Conflict("--methods redundancy looks at activations: give -d PATH or --statistics PATH.");
        }

        if (options.Methods.Contains(CompressionMethod.Depth))
        {
            throw Usage.Conflict("--methods depth looks at what branches add: give -d PATH.");
        }

        if (parsed.GetValue(_reconstruct) is "local" or "sequential")
        {
            throw Usage.Conflict("--reconstruct fits weights to activations: give -d PATH, or leave it out.");
        }

        if (options.Split is SplitForm.Response or SplitForm.Input or SplitForm.Tucker)
        {
            throw Usage.Conflict("This form of --split is made from activations: give -d PATH or --statistics PATH, or use plain, alds or spatial.");
        }
    }

    /// <summary>Methods by their names; empty for none given.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011.</exception>
    public static IReadOnlyList<CompressionMethod> Methods(string? text) =>
        text is null ? [] : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(Method).Distinct()];

    private static CompressionMethod Method(string word) => word switch
    {
        "id" => CompressionMethod.Interpolative,
        "svd" => CompressionMethod.LowRank,
        "coreset" => CompressionMethod.Coreset,
        "redundancy" => CompressionMethod.Redundancy,
        "depth" => CompressionMethod.Depth,
        _ => throw Usage.Invalid("--methods", word, "id, svd, coreset, redundancy or depth; or none, alone"),
    };

    private static NumberForm? Precision(string? word, CompressionOptions options) => word is not null && options.Plan is not null
        ? throw Usage.Conflict("The plan says which numbers layers have; leave --precision out.")
        : word is null ? null
        : OptionText.Word("--precision", word, ("float", NumberForm.Float), ("int8", NumberForm.Int8), ("int4", NumberForm.Int4), ("float16", NumberForm.Float16), ("auto", NumberForm.Auto));

    private RunTarget Target(ParseResult parsed, CompressionOptions options)
    {
        var word = parsed.GetValue(_target);
        if (word is not null && options.Plan is not null)
        {
            throw Usage.Conflict("The plan says where the model will run; leave --target out.");
        }

        var target = OptionText.Word("--target", word ?? "cpu", ("cpu", RunTarget.Cpu), ("gpu", RunTarget.Gpu), ("any", RunTarget.Any));
        return target != RunTarget.Cpu && options.Budget.KeepLatency is not null
                ? throw Usage.Conflict("--keep-latency measures this processor; with another --target nothing is known of time.")
            : target == RunTarget.Any && parsed.GetValue(_precision) == "int4"
                ? throw Usage.Conflict("--precision int4 is written with operators of ONNX Runtime, and --target any has standard ones alone. Use --precision int8, or --target cpu or gpu.")
            : target;
    }

    private SplitForm? Split(ParseResult parsed)
    {
        var word = parsed.GetValue(_split);
        if (word is not null && (RemovesNothing(parsed) || (Methods(parsed.GetValue(_methods)) is { Count: > 0 } named && !named.Contains(CompressionMethod.LowRank))))
        {
            throw Usage.Conflict("--split belongs to the method svd; add --methods svd.");
        }

        return OptionText.Word("--split", word ?? "auto", [("auto", null), .. Forms]);
    }

    private static ReconstructionMode Reconstruction(string word) => word switch
    {
        "none" => ReconstructionMode.None,
        "local" => ReconstructionMode.Local,
        "sequential" => ReconstructionMode.Sequential,
        _ => throw Usage.Invalid("--reconstruct", word, "none, local or sequential"),
    };
}
