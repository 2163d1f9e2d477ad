using OnnxCompress.Models;

namespace OnnxCompress.MSBuild;

/// <summary>The side files of a model, checked before anything is done with their names.</summary>
internal static class SideFiles
{
    /// <summary>The side files, each once, in the order of the model; none when there is no model that could be read.</summary>
    /// <exception cref="InvalidItemException">A tensor names what cannot be its side file.</exception>
    public static IReadOnlyList<SideFile> Of(string model)
    {
        if (TryOpen(model) is not { } file)
        {
            return [];
        }

        using (file)
        {
            var found = new Dictionary<string, SideFile>(StringComparer.Ordinal);
            foreach (var named in ExternalDataNames.Read(file.Stream))
            {
                try
                {
                    var name = SideFileRule.Name(named.Location);
                    if (!found.ContainsKey(name))
                    {
                        using var side = SideFileRule.Open(file, named.Location);
                        found.Add(name, new(named.Location, name, side.RealPath));
                    }
                }
                catch (FileRefusedException refused)
                {
                    throw new InvalidItemException(
                        $"the external data of tensor '{SideFileRule.Show(named.Tensor)}' cannot be read: {refused.Message}.", refused.Code);
                }
            }

            return [.. found.Values];
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
