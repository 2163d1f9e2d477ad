using Microsoft.Build.Framework;
using OnnxCompress.Cli.Options;
using OnnxCompress.Samples;

namespace OnnxCompress.MSBuild;

/// <summary>One OnnxModel item: which options of the tool its metadata are, and where the result goes.</summary>
internal sealed class ModelItem
{
    // Metadata that say what the build does with the file; everything else is an option of the tool.
    private static readonly HashSet<string> OfTheBuild = new(StringComparer.OrdinalIgnoreCase)
    {
        "Emit", "Compress", "Link", "LinkBase", "TargetPath", "CopyToOutputDirectory", "CopyToPublishDirectory", "ExcludeFromSingleFile",
        "LogicalName", "ManifestResourceName", "Culture", "WithCulture", "Type", "Visible", "InProject", "Pack", "PackagePath", "PackageCopyToOutput", "BuildAction", "SubType",
        "Generator", "DependentUpon", "CustomToolNamespace", "AutoGen", "DesignTime", "MSBuildSourceProjectFile", "MSBuildSourceTargetName",
        "OriginalItemSpec",
    };

    private static readonly HashSet<string> Switches = new(StringComparer.OrdinalIgnoreCase) { "Force", "Locked", "Verbose" };

    // What a project says may come from elsewhere, like its models.
    private const string OnlyByHand = "--allow-external-outside";

    private static readonly HashSet<string> Repeated = new(StringComparer.OrdinalIgnoreCase)
    {
        "Data", "VerifyData", "State", "Shape", "Decision", "IncludeNodes", "ExcludeNodes", "Report",
    };

    private static readonly HashSet<string> Paths = new(StringComparer.OrdinalIgnoreCase)
    {
        "Data", "VerifyData", "Labels", "Statistics", "Plan", "SavePlan", "CacheDir", "Report", "Vocabulary",
    };

    // What the build itself says to the tool.
    private static readonly HashSet<string> NotForItems = new(StringComparer.OrdinalIgnoreCase) { "Out", "Overwrite", "BuildRun" };

    // With one of these the project has said what it wants: not getting it is an error.
    private static readonly string[] Goals = ["KeepParams", "KeepBytes", "KeepMacs", "KeepLatency", "MinAgreement", "MaxError"];

    private readonly ITaskItem _item;
    private readonly string _projectFolder;

    /// <summary>Reads an item.</summary>
    /// <param name="item">The item.</param>
    /// <param name="projectFolder">What its paths are relative to.</param>
    /// <exception cref="InvalidItemException">Its metadata cannot be used.</exception>
    public ModelItem(ITaskItem item, string projectFolder)
    {
        (_item, _projectFolder) = (item, projectFolder);
        ResponseLines.Check("its path", item.ItemSpec);
        Source = BuildPaths.Full(projectFolder, item.ItemSpec);
        SideFiles = OnnxCompress.MSBuild.SideFiles.Of(Source);
        Emit = item.GetMetadata("Emit") switch
        {
            "" => "Content",
            "Content" or "EmbeddedResource" or "None" => item.GetMetadata("Emit"),
            var word => throw new InvalidItemException($"Emit is '{word}'; it must be Content, EmbeddedResource or None."),
        };
        if (Emit == "EmbeddedResource" && SideFiles.Count > 0)
        {
            throw new InvalidItemException("it keeps its weights in external data, which cannot be embedded; use Emit=\"Content\".");
        }

        Compress = item.GetMetadata("Compress") is not { } compress || !string.Equals(compress, "false", StringComparison.OrdinalIgnoreCase);
        Link = ReadLink();
        ResponseLines.Check("Link", Link);
        HasGoal = Goals.Any(goal => item.GetMetadata(goal).Length > 0);
        ReadOptions();
    }

    /// <summary>The model as the project names it.</summary>
    public string Name => _item.ItemSpec;

    /// <summary>The file that has the item; empty where MSBuild does not say.</summary>
    public string DefinedIn => _item.GetMetadata("DefiningProjectFullPath");

    /// <summary>The model, in full.</summary>
    public string Source { get; }

    /// <summary>The files of its external data.</summary>
    public IReadOnlyList<SideFile> SideFiles { get; }

    /// <summary>Content, EmbeddedResource or None.</summary>
    public string Emit { get; }

    /// <summary>Whether this model is compressed at all.</summary>
    public bool Compress { get; }

    /// <summary>Where the file appears in the output, relative to it.</summary>
    public string Link { get; }

    /// <summary>Where in a package of the project the model goes; empty for where its Content would.</summary>
    public string[] PackagePaths => _item.GetMetadata("PackagePath").Split([';'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether a budget or a guard was asked for.</summary>
    public bool HasGoal { get; }

    /// <summary>Options as the tool reads them, one a line.</summary>
    public List<string> Options { get; } = [];

    /// <summary>
    /// What the options say to the result, whatever the paths are: of files that are read the content counts, of files that
    /// are written beside the result only what kind they are, of a folder that makes the run faster nothing.
    /// </summary>
    public List<string> OptionsWithoutPaths { get; } = [];

    /// <summary>Files besides the result that the project wants written, in full.</summary>
    public List<string> WrittenBeside { get; } = [];

    /// <summary>Whether the result follows from what is known of it: the program of a judge is not.</summary>
    public bool IsByContent => _item.GetMetadata("Judge").Length == 0;

    /// <summary>Whether the project itself says where the plan goes.</summary>
    public bool SavesPlan => Options.Any(option => option.StartsWith("--save-plan=", StringComparison.Ordinal));

    /// <summary>All that is read besides the model and its external data: calibration data, plans.</summary>
    public List<string> OtherInputs { get; } = [];

    /// <summary>The model and all else that is read.</summary>
    public IEnumerable<string> AllInputs => new[] { Source }.Concat(SideFiles.Select(side => side.Path)).Concat(OtherInputs);

    /// <summary>Gives a shipped file the metadata of the project's that it keeps.</summary>
    public void CopyKept(ITaskItem shipped)
    {
        foreach (var name in OfTheBuild)
        {
            if (_item.GetMetadata(name) is { Length: > 0 } value)
            {
                shipped.SetMetadata(name, BuildPaths.Escape(value));
            }
        }
    }

    private string ReadLink()
    {
        var given = _item.GetMetadata("TargetPath") is { Length: > 0 } target ? target : _item.GetMetadata("Link");
        var link = given.Length > 0 ? given : BuildPaths.Inside(_projectFolder, Source) ?? Path.GetFileName(Source);
        return link.Replace('\\', '/');
    }

    private void ReadOptions()
    {
        var metadata = _item.CloneCustomMetadata();
        foreach (var name in metadata.Keys.Cast<string>().Where(name => !OfTheBuild.Contains(name)).OrderBy(name => name, StringComparer.Ordinal))
        {
            var value = _item.GetMetadata(name).Trim();
            if (value.Length == 0)
            {
                continue;
            }

            ResponseLines.Check(name, value);
            if (OptionMetadata.Option(name) == OnlyByHand)
            {
                throw new InvalidItemException($"{name} is for the command line alone: a build reads external data below the model's folder only.");
            }

            if (NotForItems.Contains(name))
            {
                throw new InvalidItemException($"{name} is no metadata of an item: the build says it to the tool.");
            }

            if (Switches.Contains(name))
            {
                AddSwitch(name, value);
                continue;
            }

            foreach (var one in Repeated.Contains(name) ? value.Split([';'], StringSplitOptions.RemoveEmptyEntries) : [value])
            {
                var known = OtherInputs.Count;
                var text = Paths.Contains(name) ? FullPath(name, one.Trim()) : one.Trim();
                Options.Add($"{OptionMetadata.Option(name)}={text}");
                AddWithoutPath(name, text, known);
            }
        }
    }

    private void AddSwitch(string name, string value)
    {
        if (bool.TryParse(value, out var on))
        {
            if (on)
            {
                Options.Add(OptionMetadata.Option(name));
                OptionsWithoutPaths.Add(OptionMetadata.Option(name));
            }

            return;
        }

        throw new InvalidItemException($"{name} is '{value}'; it must be true or false.");
    }

    // Files that are read were added to the other inputs: their number says which of them belong to this option.
    private void AddWithoutPath(string name, string value, int known)
    {
        bool Is(params string[] names) => names.Contains(name, StringComparer.OrdinalIgnoreCase);
        if (Is("Report", "SavePlan"))
        {
            WrittenBeside.Add(value);
            OptionsWithoutPaths.Add($"{OptionMetadata.Option(name)}=*{Path.GetExtension(value)}");
        }
        else if (!Paths.Contains(name) || OtherInputs.Count == known)
        {
            if (!Is("CacheDir"))
            {
                OptionsWithoutPaths.Add($"{OptionMetadata.Option(name)}={value}");
            }
        }
        else
        {
            var files = OtherInputs.Skip(known).Select(Path.GetFileName);
            OptionsWithoutPaths.Add($"{OptionMetadata.Option(name)}={NamedPart(value)}{string.Join("|", files)}");
        }
    }

    // image=@ of image=@/data/a.npy: a full path has no sign of equality before its first separator.
    private static string NamedPart(string value)
    {
        var equals = value.IndexOf('=');
        var separator = value.IndexOfAny(['/', '\\']);
        return equals < 0 || (separator >= 0 && separator < equals) ? "" : value.Substring(0, equals + (value.Substring(equals + 1).StartsWith("@", StringComparison.Ordinal) ? 2 : 1));
    }

    // Data are PATH, input=PATH, input=@PATH or input=VALUE; CacheDir can be the word none, Vocabulary the word used.
    private string FullPath(string name, string text)
    {
        bool Is(params string[] names) => names.Contains(name, StringComparer.OrdinalIgnoreCase);
        if ((Is("CacheDir") && text == "none") || (Is("Vocabulary") && text == "used"))
        {
            return text;
        }

        var whole = BuildPaths.Full(_projectFolder, text);
        var separator = text.IndexOf('=');
        var named = separator > 0 && Is("Data", "VerifyData") && !File.Exists(whole) && !Directory.Exists(whole);
        var rest = text.Substring(separator + 1);
        if (named && ValueText.IsValue(rest) && !File.Exists(BuildPaths.Full(_projectFolder, rest)))
        {
            return text;
        }

        var mark = named && rest.StartsWith("@", StringComparison.Ordinal) ? "@" : "";
        var path = named ? BuildPaths.Full(_projectFolder, rest.Substring(mark.Length)) : whole;
        if (!Is("Report", "CacheDir", "SavePlan"))
        {
            OtherInputs.AddRange(DataFiles.Expand(path));
        }

        return named ? text.Substring(0, separator + 1) + mark + path : path;
    }
}
