using Microsoft.Build.Framework;
using OnnxCompress.Models;

namespace OnnxCompress.MSBuild;

/// <summary>The files of one model, as <see cref="PrepareOnnxModels"/> describes them: the model first.</summary>
/// <param name="inputs">The files.</param>
/// <param name="tool">The tool's main file.</param>
internal sealed class JobFiles(ITaskItem[] inputs, string tool)
{
    /// <summary>What the files say of the model and of what becomes of it.</summary>
    public ITaskItem Job => inputs[0];

    /// <summary>The model.</summary>
    public string Model => Job.GetMetadata("Model");

    /// <summary>The model and its side files.</summary>
    public IEnumerable<string> Originals => [Model, .. inputs.Where(input => input.GetMetadata("Location").Length > 0).Select(input => input.ItemSpec)];

    /// <summary>Files besides the result that the project wants written.</summary>
    public string[] WrittenBeside => Job.GetMetadata("WrittenBeside").Split(['\n'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What a result would be made from now.</summary>
    /// <exception cref="FileRefusedException">A file is not one that is read.</exception>
    public ContentKey Key(CancellationToken cancellation)
    {
        var notContent = new[] { Job.GetMetadata("ResponseFile"), Job.GetMetadata("InputsCache"), tool };
        string[] options = [.. Job.GetMetadata("OptionsWithoutPaths").Split('\n'), Path.GetFileName(Job.GetMetadata("OutputFile")), Job.GetMetadata("HasGoal")];
        var files = inputs.Where(input => !notContent.Contains(input.ItemSpec)).Select(input => (For(input), input.ItemSpec))
            .Concat(ToolFiles.Of(tool).Select(path => ($"tool {Uri.EscapeDataString(Path.GetFileName(path))}", path)));
        return ContentKey.Compute(options, files, Open, cancellation);
    }

    // What the model itself is called changes nothing; names of data say what format they have.
    private string For(ITaskItem input) => input == Job ? "model"
        : input.GetMetadata("Location") is { Length: > 0 } location ? $"side {Uri.EscapeDataString(location)}"
        : $"file {Uri.EscapeDataString(Path.GetFileName(input.ItemSpec))}";

    // Side files are opened by the rule once more: the names that Prepare saw may lead elsewhere by now.
    private RegularFile Open(string path)
    {
        var location = Array.Find(inputs, input => input.ItemSpec == path)?.GetMetadata("Location");
        if (string.IsNullOrEmpty(location))
        {
            return RegularFile.Open(path);
        }

        using var model = RegularFile.Open(Model);
        return SideFileRule.Open(model, location!);
    }
}
