namespace OnnxCompress.Testing;

/// <summary>Finds the checkout that a test binary was built in.</summary>
public static class RepositoryFiles
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path inside the checkout.</summary>
    public static string Path(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "OnnxCompressTool.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No OnnxCompressTool.sln above {AppContext.BaseDirectory}: tests run from a checkout.");
    }
}
