using System.CommandLine;
using OnnxCompress.Samples;
using OnnxCompress.Samples.Images;

namespace OnnxCompress.Cli.Options;

/// <summary>Where samples come from and what is done to them before a model sees them.</summary>
internal sealed class DataOptions
{
    private readonly Option<string[]> _data = OptionFactory.Repeatable(
        "--data", "PATH", "Samples: .npy, .npz, .pb, .csv, .jsonl, a folder or glob of pictures (.jpg, .png, .webp, .bmp, .tiff); for several inputs name=PATH; once for all samples name=VALUE, name=zeros or name=@PATH.", "-d");

    private readonly Option<string[]> _states = OptionFactory.Repeatable(
        "--state", "OUT=IN", "The data are steps of a sequence, one in each file: the output OUT of a step is what the input IN of the next one is fed.");

    private readonly Option<string?> _layout = OptionFactory.Text(
        "--layout", "nchw|nhwc", "What images in the data are stored as; turned to what the model wants. Default: nchw.", "nchw", "nhwc");

    private readonly Option<string?> _scale = OptionFactory.Text("--scale", "S", "Values become (x*scale - mean)/std, per channel. Default: 1.");
    private readonly Option<string?> _mean = OptionFactory.Text("--mean", "M,...", "One value, or one for each channel. Default: 0.");
    private readonly Option<string?> _std = OptionFactory.Text("--std", "D,...", "One value, or one for each channel. Default: 1.");

    private readonly Option<string?> _resize = OptionFactory.Text(
        "--resize", "N|HxW", "Pictures are resized: the shorter side to N, or to H rows and W columns. Default: as they are.");

    private readonly Option<string?> _resizeFilter = OptionFactory.Text(
        "--resize-filter", "bilinear|bicubic|lanczos", "How pictures are resized; each filter widens when they shrink. Default: bilinear.", "bilinear", "bicubic", "lanczos");

    private readonly Option<string?> _crop = OptionFactory.Text(
        "--crop", "N|HxW", "The middle of pictures is taken, after resizing: N x N, or H rows and W columns. Default: all.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _data, _states, _layout, _scale, _mean, _std, _resize, _resizeFilter, _crop })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Reads the options; opens nothing.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011; a filter without a size.</exception>
    public DataSettings Read(ParseResult parsed)
    {
        var scale = parsed.GetValue(_scale) is { } text ? OptionText.Number("--scale", text) : 1;
        StateLink[] states = [.. (parsed.GetValue(_states) ?? []).Select(State)];
        var std = OptionText.Numbers("--std", parsed.GetValue(_std));
        if (parsed.GetValue(_resizeFilter) is not null && parsed.GetValue(_resize) is null)
        {
            throw Usage.Conflict("--resize-filter says how pictures are resized; it needs --resize.");
        }

        return std.Contains(0)
            ? throw Usage.Invalid("--std", parsed.GetValue(_std)!, "without a 0: values are divided by it")
            : new(
                [.. (parsed.GetValue(_data) ?? []).Select(DataFile.Parse)],
                OptionText.Word("--layout", parsed.GetValue(_layout) ?? "nchw", ("nchw", TensorLayout.Nchw), ("nhwc", TensorLayout.Nhwc)),
                new(scale, OptionText.Numbers("--mean", parsed.GetValue(_mean)), std)
                {
                    Resize = Size("--resize", parsed.GetValue(_resize)),
                    ResizeFilter = OptionText.Word(
                        "--resize-filter",
                        parsed.GetValue(_resizeFilter) ?? "bilinear",
                        ("bilinear", ResizeFilter.Bilinear),
                        ("bicubic", ResizeFilter.Bicubic),
                        ("lanczos", ResizeFilter.Lanczos)),
                    Crop = Size("--crop", parsed.GetValue(_crop)),
                })
            {
                States = states,
            };
    }

    private static StateLink State(string text) => text.Split('=') is [{ Length: > 0 } output, { Length: > 0 } input]
        ? new(output, input)
        : throw Usage.Invalid("--state", text, "OUT=IN: an output and the input that it is fed back into");

    private static ImageSize? Size(string option, string? text) => text is null
        ? null
        : ImageSize.Parse(text) ?? throw Usage.Invalid(option, text, $"N or HxW with sides from 1 to {ImageSize.Largest}, for instance 256 or 224x320");
}
