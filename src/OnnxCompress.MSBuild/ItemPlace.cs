using System.Xml;

namespace OnnxCompress.MSBuild;

/// <summary>Where a project file says something of a model, as far as that can be told: the error list leads there.</summary>
/// <param name="file">In full.</param>
/// <param name="line">From 1; 0 where it is not known.</param>
/// <param name="column">From 1; 0 where it is not known.</param>
internal sealed class ItemPlace(string file, int line = 0, int column = 0)
{
    /// <summary>In full.</summary>
    public string File => file;

    /// <summary>From 1; 0 where it is not known.</summary>
    public int Line => line;

    /// <summary>From 1; 0 where it is not known.</summary>
    public int Column => column;

    /// <summary>Finds the element that includes an item. Read only when there is something to say: it costs a file.</summary>
    /// <param name="definedIn">The file that MSBuild names; empty where it names none.</param>
    /// <param name="projectFile">The project.</param>
    /// <param name="name">The item.</param>
    public static ItemPlace Of(string definedIn, string projectFile, string name)
    {
        var file = definedIn.Length > 0 ? definedIn : projectFile;
        try
        {
            var found = Elements(file);
            var wanted = name.Replace('\\', '/');
            var exact = found.FindAll(element => element.Include.Split(';').Any(part => part.Trim().Replace('\\', '/') == wanted));
            // A glob or a property can stand for the name; where there is one element only, it is that.
            return exact.Count > 0 ? new(file, exact[0].Line, exact[0].Column) : found.Count == 1 ? new(file, found[0].Line, found[0].Column) : new(file);
        }
        catch (Exception failure) when (failure is XmlException or IOException or UnauthorizedAccessException)
        {
            return new(file);
        }
    }

    private static List<(string Include, int Line, int Column)> Elements(string file)
    {
        var found = new List<(string, int, int)>();
        using var reader = XmlReader.Create(file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
        while (reader.Read())
        {
            if (reader.NodeType == XmlNodeType.Element && reader.LocalName == "OnnxModel" && reader.GetAttribute("Include") is { } include && reader is IXmlLineInfo at)
            {
                // The place of an element is that of its name; editors count from the bracket.
                found.Add((include, at.LineNumber, at.LinePosition - 1));
            }
        }

        return found;
    }
}
