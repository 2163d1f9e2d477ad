namespace OnnxCompress.MSBuild;

/// <summary>Codes that only the build raises; docs/errors.md has an entry for each.</summary>
internal static class BuildCodes
{
    /// <summary>The tool could not be started, or ended without saying why.</summary>
    public const string ToolFailed = "OCX9020";

    /// <summary>An OnnxModel item says something that cannot be used.</summary>
    public const string ItemInvalid = "OCX9021";

    /// <summary>Nothing better was found, so the original is shipped.</summary>
    public const string OriginalShipped = "OCX9022";

    /// <summary>The tool manifest and the package have different versions.</summary>
    public const string VersionsDiffer = "OCX9023";

    /// <summary>Another run keeps the folder of a model.</summary>
    public const string FolderBusy = "OCX9024";

    /// <summary>The folder of compressed models cannot be read or written.</summary>
    public const string FolderUnusable = "OCX9025";

    /// <summary>What a model is made from changed while it was compressed.</summary>
    public const string InputsChanged = "OCX9026";

    /// <summary>The cache of results, or an entry of it, is not used.</summary>
    public const string CacheIgnored = "OCX9027";

    /// <summary>A Web project finds the original where it looks for content while it is developed.</summary>
    public const string OriginalInContentRoot = "OCX9028";
}
