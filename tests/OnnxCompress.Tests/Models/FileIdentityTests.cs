using OnnxCompress.Models;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Models;

/// <summary>What a path names is asked of the file system, not of the path.</summary>
public sealed class FileIdentityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Kinds_are_told_apart()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no FIFOs in folders.");
        var file = _folder.Write("file", [1]);
        File.CreateSymbolicLink(_folder.File("link"), file);
        File.CreateSymbolicLink(_folder.File("loop"), _folder.File("loop"));
        SpecialFiles.Fifo(_folder.File("fifo"));
        using var socket = SpecialFiles.Socket(_folder.File("socket"));

        FileKind Kind(string name) => FileIdentity.OfEntry(_folder.File(name)).Kind;
        Assert.Equal(
            [FileKind.Regular, FileKind.Link, FileKind.Link, FileKind.Special, FileKind.Special, FileKind.Missing, FileKind.Folder],
            new[] { "file", "link", "loop", "fifo", "socket", "absent", "." }.Select(Kind));
        Assert.Equal((FileKind.Regular, FileKind.Missing), (FileIdentity.OfTarget(_folder.File("link")).Kind, FileIdentity.OfTarget(_folder.File("loop")).Kind));
    }

    [Fact]
    public void Names_of_one_file_are_one_file_and_copies_are_others()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        var file = _folder.Write("file", [1]);
        SpecialFiles.HardLink(file, _folder.File("second"));
        File.CreateSymbolicLink(_folder.File("link"), file);
        File.Copy(file, _folder.File("copy"));

        var identity = FileIdentity.OfEntry(file);

        Assert.True(identity.IsSameAs(FileIdentity.OfEntry(_folder.File("second"))));
        Assert.True(identity.IsSameAs(FileIdentity.OfTarget(_folder.File("link"))));
        Assert.False(identity.IsSameAs(FileIdentity.OfEntry(_folder.File("link"))));
        Assert.False(identity.IsSameAs(FileIdentity.OfEntry(_folder.File("copy"))));
        Assert.False(FileIdentity.OfEntry(_folder.File("absent")).IsSameAs(FileIdentity.OfEntry(_folder.File("gone"))));
    }
}
