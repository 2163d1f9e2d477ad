using OnnxCompress.Diagnostics;

namespace OnnxCompress.Models;

/// <summary>
/// Which files a model may name for its data. The library and the MSBuild task share this source: a side file has a relative
/// name, lies below the model's folder when all links are followed, and is a regular file. The model's folder is the one in
/// which the model's file lies when all links are followed.
/// </summary>
internal static class SideFileRule
{
    private const int LongestName = 1024;
    private const int ShownCharacters = 200;

    /// <summary>Opens a side file of a model.</summary>
    /// <param name="model">The model's file.</param>
    /// <param name="location">What the model calls it.</param>
    /// <exception cref="FileRefusedException">OCX1004, OCX1005 or OCX1009, with a clause that names the file.</exception>
    public static RegularFile Open(RegularFile model, string location)
    {
        var file = Named(location, Path.Combine(model.RealFolder, Name(location)));
        if (!IsBelow(file.RealPath, model.RealFolder))
        {
            file.Dispose();
            throw Outside(location);
        }

        return NotTheModel(model, file, location);
    }

    /// <summary>
    /// Opens a file that a model names, wherever it lies: for models that the user says can be trusted. A model that is
    /// reached through a link may have its data beside the link.
    /// </summary>
    /// <param name="model">The model's file.</param>
    /// <param name="given">The folder of the name by which the user calls the model.</param>
    /// <param name="location">What the model calls the side file.</param>
    /// <exception cref="FileRefusedException">OCX1004 or OCX1009, with a clause that names the file.</exception>
    public static RegularFile OpenAnywhere(RegularFile model, string given, string location)
    {
        CheckText(location);
        var beside = Path.Combine(given, location);
        var path = Path.Combine(model.RealFolder, location);
        return NotTheModel(model, Named(location, File.Exists(path) || !File.Exists(beside) ? path : beside), location);
    }

    /// <summary>The name of a side file with this system's separators and without steps that lead nowhere.</summary>
    /// <exception cref="FileRefusedException">OCX1004, OCX1005 or OCX1009: it can be no such name.</exception>
    public static string Name(string location)
    {
        CheckText(location);

        // One meaning on every system: a model that is refused on Windows is refused where the build runs, too.
        var name = location.Replace('\\', '/');
        var steps = name.Split('/').Where(step => step is not "" and not ".").ToArray();
        if (name[0] == '/' || (name.Length > 1 && name[1] == ':') || steps.Any(step => step.TrimEnd('.', ' ').Length == 0))
        {
            throw Outside(location);
        }

        return name.IndexOf(':') < 0 && steps.Length > 0 && name[name.Length - 1] != '/'
            ? string.Join(Path.DirectorySeparatorChar.ToString(), steps)
            : throw Unusable($"'{Show(location)}' cannot be the name of its file");
    }

    /// <summary>Text from a model as a message may hold it.</summary>
    public static string Show(string text)
    {
        var shown = text.Length > ShownCharacters ? $"{text.Remove(ShownCharacters)}..." : text;
        return new([.. shown.Select(c => char.IsControl(c) ? '?' : c)]);
    }

    private static void CheckText(string location)
    {
        if (location.Length == 0)
        {
            throw new FileRefusedException(DiagnosticCodes.ExternalDataMissing, "it names no file");
        }

        if (location.Length > LongestName || location.Any(char.IsControl))
        {
            throw Unusable($"the name of its file, '{Show(location)}', is too long or has control characters");
        }
    }

    private static RegularFile Named(string location, string path)
    {
        try
        {
            return RegularFile.Open(path);
        }
        catch (FileRefusedException refused)
        {
            throw new FileRefusedException(refused.Code, $"its file '{Show(location)}' {refused.Message}");
        }
    }

    private static RegularFile NotTheModel(RegularFile model, RegularFile file, string location)
    {
        if (file.RealPath != model.RealPath)
        {
            return file;
        }

        file.Dispose();
        throw Unusable($"its file '{Show(location)}' is the model itself");
    }

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static FileRefusedException Outside(string location) =>
        new(DiagnosticCodes.ExternalDataOutside, $"its file '{Show(location)}' lies outside the model's folder");

    private static FileRefusedException Unusable(string reason) => new(DiagnosticCodes.ExternalDataUnusable, reason);
}
