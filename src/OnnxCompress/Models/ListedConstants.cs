using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>Initializers that are listed as inputs because the IR version of the model demanded it.</summary>
internal static class ListedConstants
{
    /// <summary>From this version on an initializer that is an input, too, is a default that a caller may replace.</summary>
    private const long FirstWithDefaults = 4;

    /// <summary>Takes the initializers of an older model off its list of inputs, and states the version that allows that.</summary>
    /// <returns>How many there were.</returns>
    public static int Unlist(ModelProto model)
    {
        if (model.Graph is null || model.IrVersion >= FirstWithDefaults)
        {
            return 0;
        }

        var constants = model.Graph.Initializer.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        ValueInfoProto[] fed = [.. model.Graph.Input.Where(i => !constants.Contains(i.Name))];
        var listed = model.Graph.Input.Count - fed.Length;
        if (listed > 0)
        {
            model.Graph.Input.Clear();
            model.Graph.Input.AddRange(fed);
            model.IrVersion = FirstWithDefaults;
        }

        return listed;
    }
}
