using OnnxCompress.Models;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Models;

/// <summary>Temporary files lie in a folder of the process, and folders without an owner go.</summary>
public sealed class RunFolderTests
{
    [Fact]
    public void A_folder_stays_while_its_owner_lives_and_goes_with_it()
    {
        string first;
        using (var folder = RunFolder.Create())
        {
            first = folder.Path;
            using var other = RunFolder.Create();

            Assert.True(Directory.Exists(first));
            Assert.NotEqual(first, other.Path);
        }

        Assert.False(Directory.Exists(first));
    }

    [Fact]
    public void A_folder_whose_owner_is_gone_is_removed()
    {
        var left = Folder();
        File.WriteAllText(Path.Combine(left, "lock"), "");
        Directory.CreateDirectory(Path.Combine(left, "inner"));
        File.WriteAllText(Path.Combine(left, "inner", "copy"), "data");

        using var next = RunFolder.Create();

        Assert.False(Directory.Exists(left));
    }

    [Fact]
    public void A_folder_without_a_lock_stays_until_it_is_old()
    {
        var (young, old) = (Folder(), Folder());
        Directory.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));

        using var next = RunFolder.Create();

        Assert.Equal((true, false), (Directory.Exists(young), Directory.Exists(old)));
        Directory.Delete(young);
    }

    [Fact]
    public void A_link_that_is_called_so_is_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        using var folder = new TemporaryFolder();
        folder.Write("lock", []);
        var link = Folder();
        Directory.Delete(link);
        Directory.CreateSymbolicLink(link, folder.Root);

        using (RunFolder.Create())
        {
            Assert.True(File.Exists(folder.File("lock")));
        }

        Directory.Delete(link);
    }

    [Fact]
    public void Files_have_no_name_and_are_for_the_user_alone()
    {
        using var file = RunFolder.CreateFile();

        Assert.False(File.Exists(file.Name));
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.SafeFileHandle));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(file.Name)!));
    }

    private static string Folder() => Directory.CreateTempSubdirectory(RunFolder.Prefix).FullName;
}
