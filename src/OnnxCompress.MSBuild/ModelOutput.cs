namespace OnnxCompress.MSBuild;

/// <summary>
/// The folder that one model is compressed into. Its name comes from the model and the options, so that configurations and
/// frameworks which ask for the same share it, and those that do not never meet.
/// </summary>
internal sealed class ModelOutput
{
    /// <summary>Places a model.</summary>
    /// <param name="cacheFolder">The folder of all models, in full.</param>
    /// <param name="projectFolder">Paths in it are named relative to it, so that a checkout elsewhere finds a shared cache.</param>
    /// <param name="item">The model.</param>
    public ModelOutput(string cacheFolder, string projectFolder, ModelItem item)
    {
        var name = Path.GetFileName(item.Link);
        var identity = string.Join("\n", item.Options.Concat([item.Source, name])).Replace(projectFolder, ".");
        Folder = Path.Combine(cacheFolder, $"{Path.GetFileNameWithoutExtension(name)}-{BuildPaths.Hash(identity).Substring(0, 10)}");
        File = Path.Combine(Folder, name);
    }

    /// <summary>The model's own folder.</summary>
    public string Folder { get; }

    /// <summary>The compressed model, under the name it is shipped as: external data are found by that name.</summary>
    public string File { get; }

    /// <summary>Where the tool keeps weights when the original keeps them apart.</summary>
    public string SideFile => File + ".data";

    /// <summary>The tool's report.</summary>
    public string Report => Path.Combine(Folder, "report.json");

    /// <summary>What the tool decided, to review and to give back to it.</summary>
    public string Plan => Path.Combine(Folder, "plan.json");

    /// <summary>The tool's command line.</summary>
    public string ResponseFile => Path.Combine(Folder, "compress.rsp");

    /// <summary>Every input with its length and time, and the tool: newer than the stamp when any of them changed, also backwards in time.</summary>
    public string InputsCache => Path.Combine(Folder, "inputs.cache");

    /// <summary>Written last, and only when all went well.</summary>
    public string Stamp => Path.Combine(Folder, "done.stamp");

    /// <summary>The command line, one argument a line.</summary>
    /// <exception cref="InvalidItemException">An argument has a quotation mark, which response files cannot hold.</exception>
    public string ResponseText(ModelItem item)
    {
        var lines = new List<string> { "compress", item.Source, $"--out={File}", "--overwrite", $"--report={Report}" };
        if (!item.SavesPlan)
        {
            lines.Add($"--save-plan={Plan}");
        }

        if (!item.HasGoal)
        {
            // Nobody asked for a size or for an agreement: then a model that cannot be made smaller is shipped as it is.
            lines.Add("--original-otherwise");
        }

        lines.AddRange(item.Options);
        return lines.FirstOrDefault(line => line.IndexOf('"') >= 0) is { } quoted
            ? throw new InvalidItemException($"'{quoted}' has a quotation mark, which the tool's response file cannot hold.")
            : string.Concat(lines.Select(line => $"\"{line}\"\n"));
    }

    /// <summary>What the inputs are now.</summary>
    /// <param name="inputs">In full.</param>
    /// <param name="tool">The tool's main file.</param>
    public static string InputsText(IEnumerable<string> inputs, string tool) => string.Concat(inputs.Concat([tool]).Select(path =>
        new FileInfo(path) is { Exists: true } file ? FormattableString.Invariant($"{path}|{file.Length}|{file.LastWriteTimeUtc.Ticks}\n") : $"{path}|absent\n"));
}
