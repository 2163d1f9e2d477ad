namespace OnnxCompress.Testing;

/// <summary>Real models and data beside the checkout, in <c>../shared</c>. Tests that need them are skipped where they are absent.</summary>
public static class SharedFiles
{
    /// <summary>A model in <c>../shared/models</c>; skips the test when it is absent.</summary>
    public static string Model(string name) => Find("models", name);

    /// <summary>Data in <c>../shared/data</c>; skips the test when they are absent.</summary>
    public static string Data(string name) => Find("data", name);

    private static string Find(string folder, string name)
    {
        var path = Path.GetFullPath(Path.Combine(RepositoryFiles.Root, "..", "shared", folder, name));
        Assert.SkipUnless(File.Exists(path), $"../shared/{folder}/{name} is absent.");
        return path;
    }
}
