using Microsoft.Build.Framework;

namespace OnnxCompress.MSBuild;

/// <summary>Removes the folders of models that this configuration and framework no longer wants, unless another one does.</summary>
public sealed class ReleaseOnnxModels : Microsoft.Build.Utilities.Task
{
    /// <summary>The project, in full.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>Where compressed models lie.</summary>
    [Required]
    public string ResultsFolder { get; set; } = "";

    /// <summary>The intermediate folder of this configuration and framework.</summary>
    [Required]
    public string Owner { get; set; } = "";

    /// <summary>Folders still wanted; none when the project is cleaned.</summary>
    public ITaskItem[] Keep { get; set; } = [];

    /// <inheritdoc />
    public override bool Execute()
    {
        var project = Path.GetDirectoryName(ProjectFile)!;
        var cache = BuildPaths.Full(project, ResultsFolder);
        try
        {
            if (Directory.Exists(cache))
            {
                new FolderOwners(cache, BuildPaths.Full(project, Owner)).KeepOnly(new HashSet<string>(Keep.Select(item => Path.GetFileName(item.ItemSpec))));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FolderBusyException)
        {
            Log.LogError(null, failure is FolderBusyException ? BuildCodes.FolderBusy : BuildCodes.FolderUnusable, null, ProjectFile, 0, 0, 0, 0,
                "{0}", $"The folder of compressed models, '{cache}', cannot be used: {failure.Message}");
        }

        return !Log.HasLoggedErrors;
    }
}
