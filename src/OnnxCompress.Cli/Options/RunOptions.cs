using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>Randomness and resources.</summary>
internal sealed class RunOptions
{
    private readonly Option<string?> _seed = OptionFactory.Text("--seed", "N", "Seed of every random choice. Default: 0.");
    private readonly Option<string?> _threads = OptionFactory.Text("--threads", "N", "Threads. Default: 0, all cores.");
    private readonly Option<string?> _batch = OptionFactory.Text("--batch", "N", "Samples in a run where time is measured; a model with a fixed batch is timed with that. Default: 1.");
    private readonly Option<string?> _device = OptionFactory.Text("--device", "cpu|cuda|opencl|auto", "Where dense linear algebra runs (with cuda, in a build for GPUs, the model too); auto: a GPU if there is one. Default: cpu.", DeviceBackend.Words);
    private readonly Option<bool> _externalOutside = OptionFactory.Flag(
        "--allow-external-outside", "Lets a model read external data outside its folder. Only for models you trust.");

    private readonly Option<bool> _inputsStay = OptionFactory.Flag(
        "--inputs-stay", "Weights that a model of IR version 3 lists as inputs are really fed. Default: they are constants.");

    /// <summary>Declares the options that concern running models.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_threads);
        command.Options.Add(_externalOutside);
        command.Options.Add(_inputsStay);
    }

    /// <summary>Declares what is timed.</summary>
    public void AddBatchTo(Command command) => command.Options.Add(_batch);

    /// <summary>Declares the seed.</summary>
    public void AddSeedTo(Command command) => command.Options.Add(_seed);

    /// <summary>Declares all options.</summary>
    public void AddAllTo(Command command)
    {
        AddSeedTo(command);
        AddBatchTo(command);
        command.Options.Add(_device);
        AddTo(command);
    }

    /// <summary>The seed.</summary>
    public int Seed(ParseResult parsed) => parsed.GetValue(_seed) is { } text ? OptionText.Whole("--seed", text, 0) : 0;

    /// <summary>Threads; 0 means all cores.</summary>
    public int Threads(ParseResult parsed) => parsed.GetValue(_threads) is { } text ? OptionText.Whole("--threads", text, 0, 4096) : 0;

    /// <summary>Samples in a run where time is measured.</summary>
    public int Batch(ParseResult parsed) => parsed.GetValue(_batch) is { } text ? OptionText.Whole("--batch", text, 1, 4096) : 1;

    /// <summary>What loading a model may touch.</summary>
    public Models.ModelLoadOptions Loading(ParseResult parsed) => new(parsed.GetValue(_externalOutside)) { InputsStay = parsed.GetValue(_inputsStay) };

    /// <summary>Where dense linear algebra runs.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011.</exception>
    public string Device(ParseResult parsed)
    {
        var device = parsed.GetValue(_device) ?? "cpu";
        return DeviceBackend.IsKnown(device) ? device : throw Usage.Invalid("--device", device, "cpu, cuda, opencl or auto");
    }
}
