using OnnxCompress.Cli.Options;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Cli.Output;

/// <summary>
/// The files that a run writes. Before the work each is checked: no device, no link, none of the run's own inputs, and nothing
/// that is there already unless it may be replaced. After it all are put in place together, or none is.
/// </summary>
internal sealed class Outputs
{
    private readonly List<(string Option, string Path)> _files = [];
    private readonly RunInputs _inputs;
    private readonly bool _overwrite;

    private Outputs(RunInputs inputs, bool overwrite) => (_inputs, _overwrite) = (inputs, overwrite);

    /// <summary>Refuses outputs that could not, or should not, be written.</summary>
    /// <param name="overwrite">Whether existing files may be replaced.</param>
    /// <param name="inputs">What the run reads.</param>
    /// <param name="files">Options and the files they name; the first is the result.</param>
    /// <exception cref="OnnxCompressException">OCX8001 to OCX8004, OCX8007, OCX8008 or OCX9014.</exception>
    public static Outputs Check(bool overwrite, RunInputs inputs, params IEnumerable<(string Option, string Path)> files)
    {
        var outputs = new Outputs(inputs, overwrite);
        foreach (var (option, path) in files)
        {
            outputs.Add(option, path);
        }

        return outputs;
    }

    /// <summary>Refuses outputs that are files of a model's external data, which are known once the model is read.</summary>
    /// <param name="model">The model that was read.</param>
    /// <param name="result">Where the compressed model goes, with its own side file; null where none is written.</param>
    /// <exception cref="OnnxCompressException">OCX8001 to OCX8004, OCX8007, OCX8008 or OCX9014.</exception>
    public void CheckSideFiles(OnnxModel model, string? result)
    {
        _files.ForEach(file => CheckIsNoInput(file.Path, model.SideFiles));
        if (result is null || !model.NeedsExternalData)
        {
            return;
        }

        var side = StagedModel.SideFileOf(result);
        var replacesPair = _inputs.IsReplaceableModel(result) && FileIdentity.OfEntry(result).IsSameAs(FileIdentity.OfTarget(_inputs.Model!));
        if (!replacesPair)
        {
            CheckIsNoInput(side, model.SideFiles);
        }

        Add("-o", side);
    }

    /// <summary>Writes texts, and a model behind them: all of them, or none.</summary>
    /// <param name="texts">Paths and texts.</param>
    /// <param name="model">The result, staged; null where the last text is the result.</param>
    /// <exception cref="OnnxCompressException">OCX8004; everything is as it was.</exception>
    public static void Write(IEnumerable<(string Path, string Text)> texts, StagedModel? model = null)
    {
        using var files = new AtomicFiles();
        foreach (var (path, text) in texts)
        {
            Writing(path, () => files.AddText(Path.GetFullPath(path), text));
        }

        Writing(null, () => files.Commit(model is null ? null : model.Commit));
    }

    /// <summary>Writes, and says which file failed.</summary>
    /// <exception cref="OnnxCompressException">OCX8004.</exception>
    public static void Writing(string? path, Action write)
    {
        try
        {
            write();
        }
        // The last is what .NET makes of a file that is too large for its file system or for a quota.
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            throw new OnnxCompressException(
                DiagnosticCodes.CannotWrite,
                path is null ? $"The results cannot be put in place, and nothing was replaced: {failure.Message}" : $"'{path}' cannot be written: {failure.Message}",
                failure);
        }
    }

    private void Add(string option, string path)
    {
        CheckPlace(path);
        if (_files.Find(other => IsSameFile(path, other.Path)) is { Path: not null } clash)
        {
            throw Usage.Conflict($"{option} {path} would replace '{clash.Path}' of {clash.Option}.");
        }

        CheckIsNoInput(path, []);
        if (File.Exists(path) && !_overwrite)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OutputExists, $"'{path}' exists; choose another name for {option}, or replace it with --overwrite.");
        }

        Writing(path, () =>
        {
            using var files = new AtomicFiles();
            files.Add(Path.GetFullPath(path));
        });
        _files.Add((option, path));
    }

    private static void CheckPlace(string path)
    {
        if (Path.GetFileName(path).Length == 0)
        {
            throw new OnnxCompressException(DiagnosticCodes.OutputNotAFile, $"'{path}' is a folder; give the name of a file.");
        }

        switch (FileIdentity.OfEntry(path).Kind)
        {
            case FileKind.Folder:
                throw new OnnxCompressException(DiagnosticCodes.OutputNotAFile, $"'{path}' is a folder; give the name of a file.");
            case FileKind.Special:
                throw new OnnxCompressException(DiagnosticCodes.OutputNotAFile, $"'{path}' is a device, a FIFO or a socket; results go to files.");
            case FileKind.Link:
                throw new OnnxCompressException(DiagnosticCodes.OutputIsLink, $"'{path}' is a symbolic link; name the file itself.");
            default:
                break;
        }

        if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))!))
        {
            throw new OnnxCompressException(DiagnosticCodes.OutputNotAFile, $"The folder of '{path}' does not exist; create it first.");
        }
    }

    /// <summary>Inputs are compared by what they are, not by name: links of both kinds lead to files, too.</summary>
    private void CheckIsNoInput(string path, IEnumerable<string> more)
    {
        var output = FileIdentity.OfEntry(path);
        if (output.Kind == FileKind.Missing)
        {
            return;
        }

        if (_inputs.IsReplaceableModel(path) && IsSameFile(output, path, _inputs.Model!))
        {
            if (!_overwrite)
            {
                throw new OnnxCompressException(DiagnosticCodes.OutputIsModel, $"'{path}' is the model itself; choose another name, or replace it with --overwrite.");
            }

            return;
        }

        if (_inputs.Files().Concat(more).FirstOrDefault(input => IsSameFile(output, path, input)) is { } found)
        {
            var name = found == path ? "" : $" ('{found}')";
            throw new OnnxCompressException(DiagnosticCodes.OutputIsInput, $"'{path}' is read by this run{name} and is not replaced, not even with --overwrite; choose another name.");
        }
    }

    private static bool IsSameFile(FileIdentity output, string path, string input) =>
        output.Number != 0 ? output.IsSameAs(FileIdentity.OfTarget(input)) : IsSamePath(path, Resolved(input));

    private static bool IsSameFile(string first, string second) =>
        IsSamePath(first, second)
        || FileIdentity.OfEntry(first).IsSameAs(FileIdentity.OfEntry(second))
        // What is not there yet is its name in a folder, whatever the folder is called.
        || (IsSamePath(Path.GetFileName(first), Path.GetFileName(second)) && FolderOf(first).IsSameAs(FolderOf(second)));

    private static FileIdentity FolderOf(string path) => FileIdentity.OfTarget(Path.GetDirectoryName(Path.GetFullPath(path))!);

    private static string Resolved(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;

    private static bool IsSamePath(string first, string second) => string.Equals(
        Path.GetFullPath(first), Path.GetFullPath(second), OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase);
}
