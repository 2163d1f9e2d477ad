namespace OnnxCompress.MSBuild;

/// <summary>
/// The folder that one model is compressed into. Its name comes from the model and the options, so that configurations and
/// frameworks which ask for the same share it, and those that do not never meet.
/// </summary>
internal sealed class ModelOutput
{
    /// <summary>The name of <see cref="ResponseFile"/>.</summary>
    public const string ResponseName = "compress.rsp";

    /// <summary>The name of <see cref="InputsCache"/>.</summary>
    public const string InputsName = "inputs.cache";

    /// <summary>The name of <see cref="Stamp"/>.</summary>
    public const string StampName = "done.stamp";

    private const string ReportName = "report.json";
    private const string PageName = "report.html";
    private const string PlanName = "plan.json";

    /// <summary>Places a model.</summary>
    /// <param name="resultsFolder">The folder of all models, in full.</param>
    /// <param name="projectFile">Paths are named relative to its folder, so that a checkout elsewhere finds a shared cache; its name keeps projects apart there.</param>
    /// <param name="item">The model.</param>
    /// <exception cref="InvalidItemException">The model would be called like a file that the build keeps beside it.</exception>
    public ModelOutput(string resultsFolder, string projectFile, ModelItem item)
    {
        var name = Path.GetFileName(item.Link);
        if (ResultStamp.Reserved.Concat([ReportName, PageName, PlanName]).Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new InvalidItemException($"it would be shipped as '{name}', which the build itself uses beside the model; give it another Link.");
        }

        var identity = string.Join("\n", item.Options.Concat([item.Source, name])).Replace(Path.GetDirectoryName(projectFile)!, ".") + "\n" + Path.GetFileName(projectFile);
        Folder = Path.Combine(resultsFolder, $"{Path.GetFileNameWithoutExtension(name)}-{BuildPaths.Hash(identity).Substring(0, 10)}");
        File = Path.Combine(Folder, name);
        Item = item;
    }

    /// <summary>The model.</summary>
    public ModelItem Item { get; }

    /// <summary>The model's own folder.</summary>
    public string Folder { get; }

    /// <summary>The compressed model, under the name it is shipped as: external data are found by that name.</summary>
    public string File { get; }

    /// <summary>Where the tool keeps weights when the original keeps them apart.</summary>
    public string SideFile => File + ".data";

    /// <summary>The tool's report.</summary>
    public string Report => Path.Combine(Folder, ReportName);

    /// <summary>The same to look at.</summary>
    public string Page => Path.Combine(Folder, PageName);

    /// <summary>What the tool decided, to review and to give back to it.</summary>
    public string Plan => Path.Combine(Folder, PlanName);

    /// <summary>The tool's command line.</summary>
    public string ResponseFile => Path.Combine(Folder, ResponseName);

    /// <summary>Every input with its length and time, and the tool: newer than the stamp when any of them changed, also backwards in time.</summary>
    public string InputsCache => Path.Combine(Folder, InputsName);

    /// <summary>Written last, and only when all went well.</summary>
    public string Stamp => Path.Combine(Folder, StampName);

    /// <summary>The command line, one argument a line.</summary>
    /// <exception cref="InvalidItemException">An argument has a sign that response files cannot hold.</exception>
    public string ResponseText()
    {
        var item = Item;
        var lines = new List<string> { "compress", item.Source, $"--out={File}", "--overwrite", $"--report={Report}", $"--report={Page}" };
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
        return ResponseLines.Write(lines);
    }

    /// <summary>What the inputs are now.</summary>
    /// <param name="inputs">In full.</param>
    /// <param name="tool">The tool's main file.</param>
    public static string InputsText(IEnumerable<string> inputs, string tool) => string.Concat(inputs.Concat(ToolFiles.Of(tool)).Select(path =>
        new FileInfo(path) is { Exists: true } file ? FormattableString.Invariant($"{path}|{file.Length}|{file.LastWriteTimeUtc.Ticks}\n") : $"{path}|absent\n"));
}
