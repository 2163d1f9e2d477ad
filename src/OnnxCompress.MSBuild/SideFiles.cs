using OnnxCompress.Models;

namespace OnnxCompress.MSBuild;

/// <summary>The side files of a model, checked before anything is done with their names.</summary>
internal static class SideFiles
{
    /// <summary>The side files, each once, in the order of the model; none when there is no model that could be read.</summary>
    /// <exception cref="InvalidItemException">A tensor names what cannot be its side file.</exception>
    public static IReadOnlyList<SideFile> Of(string model)
    {
        using var file = TryOpen(model);
        var found = new Dictionary<string, SideFile>(StringComparer.Ordinal);
        foreach (var (tensor, location) in file is null ? [] : ExternalDataNames.Read(file.Stream))
        {
            try
            {
                Add(found, file!, location);
            }
            catch (FileRefusedException refused)
            {
                throw new InvalidItemException($"the external data of tensor '{SideFileRule.Show(tensor)}' cannot be read: {refused.Message}.", refused.Code);
            }
        }

        return [.. found.Values];
    }

    private static void Add(Dictionary<string, SideFile> found, RegularFile model, string location)
    {
        var name = SideFileRule.Name(location);
        if (!found.ContainsKey(name))
        {
            using var side = SideFileRule.Open(model, location);
            found.Add(name, new(location, name, side.RealPath));
        }
    }

    // The tool says what is wrong with the model itself, in its own words.
    private static RegularFile? TryOpen(string model)
    {
        try
        {
            return RegularFile.Open(model);
        }
        catch (FileRefusedException)
        {
            return null;
        }
    }
}
