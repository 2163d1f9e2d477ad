using System.Text.RegularExpressions;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace OnnxCompress.MSBuild;

/// <summary>Reads the OnnxModel items: says what each is made from and what is shipped for it, and writes the response files.</summary>
public sealed class PrepareOnnxModels : Microsoft.Build.Utilities.Task, IWarningRules
{
    private const string WebRoot = "wwwroot/";

    // Words as the project writes them: numbers, which enumerations take too, are none.
    private static readonly string[] CacheModes = ["read", "write", "readwrite", "off"];

    private readonly List<ITaskItem> _inputs = [];
    private readonly List<ITaskItem> _shipped = [];
    private readonly List<ITaskItem> _replaced = [];

    /// <summary>The items.</summary>
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>False: the originals are shipped.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Whether this is a build; design-time builds only predict.</summary>
    public bool WriteFiles { get; set; }

    /// <summary>The project, in full.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>Where compressed models lie, relative to the project or in full.</summary>
    [Required]
    public string ResultsFolder { get; set; } = "";

    /// <summary>What may be done with the cache of results.</summary>
    [Required]
    public string CacheMode { get; set; } = "";

    /// <summary>Whether the project is a Web app, whose content root under <c>dotnet run</c> is the project's folder.</summary>
    public string? IsWebProject { get; set; }

    /// <summary>Whether content below wwwroot becomes static web assets.</summary>
    public string? HasWebAssets { get; set; }

    /// <summary>The intermediate folder of this configuration and framework.</summary>
    [Required]
    public string Owner { get; set; } = "";

    /// <summary>The tool's main file.</summary>
    [Required]
    public string Tool { get; set; } = "";

    /// <summary>How shipped files are copied when the item does not say.</summary>
    [Required]
    public string CopyToOutputDirectory { get; set; } = "";

    /// <inheritdoc />
    public string? ErrorsPage { get; set; }

    /// <inheritdoc />
    public string? HelpLinkBase { get; set; }

    /// <inheritdoc />
    public string? NoWarn { get; set; }

    /// <inheritdoc />
    public string? TreatWarningsAsErrors { get; set; }

    /// <inheritdoc />
    public string? WarningsAsErrors { get; set; }

    /// <inheritdoc />
    public string? WarningsNotAsErrors { get; set; }

    /// <summary>Files that compressed models are made from; those of one model have its stamp, and the same metadata.</summary>
    [Output]
    public ITaskItem[] Inputs => [.. _inputs];

    /// <summary>Files that are shipped.</summary>
    [Output]
    public ITaskItem[] Shipped => [.. _shipped];

    /// <summary>Files that stand for the same models and must not be shipped beside them.</summary>
    [Output]
    public ITaskItem[] Replaced => [.. _replaced];

    /// <summary>Lists what is shipped; newer than the assembly when that changed.</summary>
    [Output]
    public string ItemsCache { get; private set; } = "";

    private string ProjectFolder => Path.GetDirectoryName(ProjectFile)!;

    /// <inheritdoc />
    public override bool Execute()
    {
        var rules = new WarningRules(this);
        var cache = BuildPaths.Full(ProjectFolder, ResultsFolder);
        var owner = BuildPaths.Full(ProjectFolder, Owner);
        var taken = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var outputs = new List<ModelOutput>();
        foreach (var model in Models)
        {
            try
            {
                var item = new ModelItem(model, ProjectFolder);
                if (taken.TryGetValue(item.Link, out var other))
                {
                    throw new InvalidItemException($"it is shipped as '{item.Link}', and so is {other}; give one of them another Link.");
                }

                taken.Add(item.Link, model.ItemSpec);
                var output = new ModelOutput(cache, ProjectFile, item);
                _ = output.ResponseText();
                outputs.Add(output);
            }
            catch (InvalidItemException invalid)
            {
                rules.Log(Log, invalid.Code, true, ItemPlace.Of(model.GetMetadata("DefiningProjectFullPath"), ProjectFile, model.ItemSpec), $"OnnxModel '{model.ItemSpec}': {invalid.Message}");
            }
        }

        if (!CacheModes.Contains(CacheMode, StringComparer.OrdinalIgnoreCase))
        {
            rules.Log(Log, BuildCodes.ItemInvalid, true, ProjectFile, $"OnnxCompressCacheMode is '{CacheMode}'; it must be read, write, readwrite or off.");
        }

        if (Log.HasLoggedErrors)
        {
            return false;
        }

        var compressed = outputs.FindAll(output => Enabled && output.Item.Compress);
        Describe(outputs, compressed);
        ItemsCache = Path.Combine(owner, "onnxcompress.items.cache");
        if (WriteFiles)
        {
            try
            {
                Write(compressed, new FolderOwners(cache, owner));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FolderBusyException)
            {
                rules.Log(Log, failure is FolderBusyException ? BuildCodes.FolderBusy : BuildCodes.FolderUnusable, true, ProjectFile,
                    $"The folder of compressed models, '{cache}', cannot be used: {failure.Message}");
                return false;
            }

            WarnOfOtherVersion(rules, compressed.Count);
            WarnOfContentRoot(rules, compressed);
        }

        return !Log.HasLoggedErrors;
    }

    private void Describe(List<ModelOutput> all, List<ModelOutput> compressed)
    {
        foreach (var output in all)
        {
            var item = output.Item;
            var originals = Originals(item);
            _replaced.AddRange(originals.Select(path => new TaskItem(BuildPaths.Escape(path))));
            _replaced.AddRange(originals.Select(path => BuildPaths.Inside(ProjectFolder, path)).OfType<string>().Select(path => new TaskItem(BuildPaths.Escape(path))));
            var isCompressed = compressed.Contains(output);
            var folder = item.Link.Substring(0, item.Link.LastIndexOf('/') + 1);
            Ship(item, isCompressed ? output.File : item.Source, item.Link, onlyIfExists: false);
            if (isCompressed)
            {
                Demand(item, output);
                continue;
            }

            foreach (var side in item.SideFiles)
            {
                Ship(item, side.Path, folder + side.Name.Replace('\\', '/'), onlyIfExists: true);
            }
        }
    }

    // Side files of a result bear the result's own name, whatever the original calls its own.
    private void Demand(ModelItem item, ModelOutput output)
    {
        if (item.SideFiles.Count > 0)
        {
            Ship(item, output.SideFile, item.Link + ".data", onlyIfExists: true);
        }

        _inputs.Add(Input(item, output, item.Source));
        foreach (var side in item.SideFiles)
        {
            var input = Input(item, output, side.Path);
            input.SetMetadata("Location", BuildPaths.Escape(side.Location));
            _inputs.Add(input);
        }

        foreach (var input in item.OtherInputs.Concat([Tool, output.ResponseFile, output.InputsCache]))
        {
            _inputs.Add(Input(item, output, input));
        }
    }

    // As the project may list them, and where they lie.
    private static List<string> Originals(ModelItem item) =>
        [item.Source, .. item.SideFiles.SelectMany(side => new[] { Path.Combine(Path.GetDirectoryName(item.Source)!, side.Name), side.Path }).Distinct()];

    private static TaskItem Input(ModelItem item, ModelOutput output, string path)
    {
        var input = new TaskItem(BuildPaths.Escape(path));
        foreach (var (name, value) in new[]
        {
            ("Model", item.Source), ("ModelName", item.Name), ("OutputFolder", output.Folder), ("OutputFile", output.File), ("ReportFile", output.Report), ("PageFile", output.Page),
            ("PlanFile", output.Plan), ("ResponseFile", output.ResponseFile), ("InputsCache", output.InputsCache), ("Stamp", output.Stamp),
        })
        {
            input.SetMetadata(name, BuildPaths.Escape(value));
        }

        input.SetMetadata("HasGoal", item.HasGoal ? "true" : "false");
        if (path == item.Source)
        {
            input.SetMetadata("DefinedIn", BuildPaths.Escape(item.DefinedIn));
            input.SetMetadata("OptionsWithoutPaths", BuildPaths.Escape(string.Join("\n", item.OptionsWithoutPaths)));
            input.SetMetadata("WrittenBeside", BuildPaths.Escape(string.Join("\n", item.WrittenBeside)));
            input.SetMetadata("IsByContent", item.IsByContent ? "true" : "false");
        }

        input.SetMetadata("HasThreads", item.Options.Any(option => option.StartsWith("--threads=", StringComparison.Ordinal)) ? "true" : "false");
        return input;
    }

    private void Ship(ModelItem item, string path, string link, bool onlyIfExists)
    {
        var shipped = new TaskItem(BuildPaths.Escape(path));
        item.CopyKept(shipped);

        shipped.SetMetadata("Emit", item.Emit);
        shipped.SetMetadata("Link", BuildPaths.Escape(link));
        if (item.Emit == "Content" && path != item.Source && !item.SideFiles.Any(side => side.Path == path))
        {
            shipped.SetMetadata("WebAsset", BuildPaths.Escape(WebAsset(link)));
        }

        shipped.SetMetadata("OnlyIfExists", onlyIfExists ? "true" : "false");
        shipped.SetMetadata("OriginalModel", BuildPaths.Escape(item.Source));
        if (item.Emit == "Content" && shipped.GetMetadata("CopyToOutputDirectory").Length == 0)
        {
            shipped.SetMetadata("CopyToOutputDirectory", CopyToOutputDirectory);
        }

        if (shipped.GetMetadata("TargetPath").Length > 0)
        {
            shipped.SetMetadata("TargetPath", BuildPaths.Escape(link));
        }

        if (link != item.Link && item.PackagePaths.Length > 0)
        {
            shipped.SetMetadata("PackagePath", BuildPaths.Escape(string.Join(";", item.PackagePaths.Select(target => BesideModel(target, item, link)))));
        }

        // A name like digits.de.onnx is no German resource.
        if (item.Emit == "EmbeddedResource" && shipped.GetMetadata("WithCulture").Length == 0)
        {
            shipped.SetMetadata("WithCulture", "false");
        }

        _shipped.Add(shipped);
    }

    // A path with the model's extension names the model's file, any other a folder: the side file goes into the same one.
    private static string BesideModel(string target, ModelItem item, string link)
    {
        var isFile = string.Equals(Path.GetExtension(target), Path.GetExtension(item.Link), StringComparison.OrdinalIgnoreCase);
        var folder = isFile ? target.Substring(0, target.LastIndexOfAny(['/', '\\']) + 1) : target;
        return folder.Length == 0 || folder.EndsWith("/", StringComparison.Ordinal) || folder.EndsWith("\\", StringComparison.Ordinal)
            ? folder + Path.GetFileName(link)
            : folder + "/" + Path.GetFileName(link);
    }

    private void Write(List<ModelOutput> compressed, FolderOwners owners)
    {
        if (compressed.Count > 0)
        {
            owners.Want(compressed.Select(output => Path.GetFileName(output.Folder)), () => compressed.ForEach(Describe));
        }

        if (_shipped.Count > 0 || File.Exists(ItemsCache))
        {
            BuildPaths.WriteIfDifferent(ItemsCache, string.Concat(_shipped.Select(item => $"{item.GetMetadata("Emit")}|{item.ItemSpec}|{item.GetMetadata("Link")}\n")));
        }
    }

    private void Describe(ModelOutput output)
    {
        BuildPaths.WriteIfDifferent(output.ResponseFile, output.ResponseText());
        BuildPaths.WriteIfDifferent(output.InputsCache, ModelOutput.InputsText(output.Item.AllInputs, Tool));
        if (File.Exists(output.Stamp) && ResultStamp.Read(output.Folder)?.LooksUntouched(output.Folder) != true)
        {
            ResultStamp.Age(output.Folder);
        }
    }

    // Once for a project: the cure is the same for all of its models.
    private void WarnOfContentRoot(WarningRules rules, List<ModelOutput> compressed)
    {
        if (!IsTrue(IsWebProject))
        {
            return;
        }

        if (compressed.Find(output => IsBelowContentRoot(output.Item)) is { Item: { } item })
        {
            rules.Log(Log, BuildCodes.OriginalInContentRoot, false, ItemPlace.Of(item.DefinedIn, ProjectFile, item.Name),
                $"{item.Name}: under 'dotnet run' the content root is the project's folder, where '{item.Link}' is the original. Open the model from AppContext.BaseDirectory, "
                + "and give it another Link so that no other path leads to a model; or set NoWarn to OCX9028.");
        }
    }

    private bool IsBelowContentRoot(ModelItem item) =>
        item.Emit == "Content" && WebAsset(item.Link).Length == 0 && BuildPaths.Inside(ProjectFolder, item.Source)?.Replace('\\', '/') == item.Link;

    /// <summary>The path below wwwroot of what is served from there; else empty.</summary>
    private string WebAsset(string link) => IsTrue(HasWebAssets) && link.StartsWith(WebRoot, StringComparison.OrdinalIgnoreCase) ? link.Substring(WebRoot.Length) : "";

    private static bool IsTrue(string? property) => string.Equals(property, "true", StringComparison.OrdinalIgnoreCase);

    // Another version in the manifest gives other results by hand than in the build.
    private void WarnOfOtherVersion(WarningRules rules, int models)
    {
        var manifest = models == 0 ? null : Manifest(ProjectFolder);
        var packaged = typeof(PrepareOnnxModels).Assembly.GetName().Version!.ToString(3);
        if (manifest is null)
        {
            return;
        }

        var found = Regex.Match(File.ReadAllText(manifest), "\"dotnet-onnx-compress\"\\s*:\\s*\\{[^}]*?\"version\"\\s*:\\s*\"([^\"]+)\"", RegexOptions.CultureInvariant);
        if (found.Success && found.Groups[1].Value.Split('-', '+')[0] != packaged)
        {
            rules.Log(Log, BuildCodes.VersionsDiffer, false, manifest,
                $"The tool manifest has dotnet-onnx-compress {found.Groups[1].Value}, the package OnnxCompress.MSBuild is {packaged}: give both the same version.");
        }
    }

    private static string? Manifest(string folder)
    {
        for (var at = folder; at is not null; at = Path.GetDirectoryName(at))
        {
            foreach (var path in new[] { Path.Combine(at, ".config", "dotnet-tools.json"), Path.Combine(at, "dotnet-tools.json") })
            {
                if (File.Exists(path))
                {
                    return path;
                }
            }
        }

        return null;
    }
}
