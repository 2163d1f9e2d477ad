namespace OnnxCompress.MSBuild;

/// <summary>A side file of a model: found fit by the rule that the tool reads by.</summary>
/// <param name="location">What the model calls it.</param>
/// <param name="name">Its name relative to the model's folder, with this system's separators.</param>
/// <param name="path">Where it lies when all links are followed.</param>
internal sealed class SideFile(string location, string name, string path)
{
    /// <summary>What the model calls it.</summary>
    public string Location => location;

    /// <summary>Its name relative to the model's folder, with this system's separators.</summary>
    public string Name => name;

    /// <summary>Where it lies when all links are followed.</summary>
    public string Path => path;
}
