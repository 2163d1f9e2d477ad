using OnnxCompress.MSBuild;
using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Tasks;

/// <summary>A result counts only when the stamp names its run, its content and what it was made from.</summary>
public sealed class ResultStampTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ResultStampTests()
    {
        _folder.Write("m.onnx", [1, 2, 3]);
        Directory.CreateDirectory(_folder.File("weights of #1"));
        _folder.Write("weights of #1/m.bin", [4, 5]);
        _folder.Write("report.json", [6]);
        foreach (var name in ResultStamp.Reserved.Append(".DS_Store"))
        {
            _folder.Write(name, [0]);
        }

        File.Delete(Stamp);
        ResultStamp.Write(_folder.Root, "run1", "content1", Warnings, CancellationToken.None);
    }

    private static (string Code, string Text)[] Warnings => [("OCX7004", "Few samples: 5% \"of\" them\nand ä"), ("OCX9022", "")];

    private string Stamp => _folder.File("done.stamp");

    private bool Holds(string run = "run1", string madeFrom = "content1") =>
        ResultStamp.Read(_folder.Root)?.Holds(_folder.Root, _folder.File("m.onnx"), run, madeFrom, CancellationToken.None) == true;

    private bool LooksUntouched() => ResultStamp.Read(_folder.Root)?.LooksUntouched(_folder.Root) == true;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_stamped_holds_for_its_run_and_its_content()
    {
        Assert.True(Holds());
        Assert.True(LooksUntouched());
        Assert.False(Holds(run: "run2"));
        Assert.False(Holds(run: ""));
        Assert.False(Holds(madeFrom: "content2"));
    }

    [Theory]
    [InlineData("m.onnx")]
    [InlineData("weights of #1/m.bin")]
    [InlineData("report.json")]
    public void Other_bytes_of_the_same_length_do_not(string name)
    {
        var path = _folder.File(name);
        var time = File.GetLastWriteTimeUtc(path);
        File.WriteAllBytes(path, [.. File.ReadAllBytes(path).Select(b => (byte)(b + 1))]);
        File.SetLastWriteTimeUtc(path, time.AddTicks(20_000_000));

        Assert.False(Holds());
        Assert.False(LooksUntouched());

        File.SetLastWriteTimeUtc(path, time);
        Assert.False(Holds());
    }

    [Theory]
    [InlineData("m.onnx")]
    [InlineData("weights of #1/m.bin")]
    public void A_deleted_file_does_not(string name)
    {
        File.Delete(_folder.File(name));

        Assert.False(Holds());
        Assert.False(LooksUntouched());
    }

    [Fact]
    public void What_builds_and_systems_keep_beside_the_result_may_change()
    {
        foreach (var name in ResultStamp.Reserved.Append(".DS_Store").Where(name => name != "done.stamp"))
        {
            _folder.Write(name, [1, 1]);
        }

        Assert.True(Holds());
        Assert.True(LooksUntouched());
    }

    [Fact]
    public void A_stamp_that_was_edited_cut_or_written_by_another_version_is_none()
    {
        var text = File.ReadAllText(Stamp);
        var lines = text.Split('\n');
        for (var length = 0; length < text.Length; length++)
        {
            File.WriteAllText(Stamp, text[..length]);
            Assert.False(Holds(), $"cut to {length}");
        }

        foreach (var other in new[]
        {
            text + "x", text + "\n", "", "\0", "0123abc\nm.onnx|3\nm.onnx.data|absent\n", text.Replace("stamp 3", "stamp 1", StringComparison.Ordinal), text.Replace(" 3 ", " -3 ", StringComparison.Ordinal),
            text.Replace("m.onnx\n", "n.onnx\n", StringComparison.Ordinal), string.Join('\n', lines.Where(line => !line.EndsWith(" m.onnx", StringComparison.Ordinal))),
            text.Replace("run1", "run2", StringComparison.Ordinal), new string('x', 5_000_000),
        })
        {
            File.WriteAllText(Stamp, other);
            Assert.False(Holds(), other[..Math.Min(200, other.Length)]);
        }
    }

    [Fact]
    public void A_touched_result_is_newer_and_still_holds()
    {
        File.SetLastWriteTimeUtc(_folder.File("m.onnx"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        ResultStamp.Read(_folder.Root)!.Touch(_folder.Root, CancellationToken.None);

        Assert.True(Holds());
        Assert.True(LooksUntouched());
        Assert.True(File.GetLastWriteTimeUtc(_folder.File("m.onnx")).Year > 2020);
    }

    [Fact]
    public void What_the_run_warned_of_is_read_back_also_after_a_touch()
    {
        Assert.Equal(Warnings, ResultStamp.Read(_folder.Root)!.Warnings);

        ResultStamp.Read(_folder.Root)!.Touch(_folder.Root, CancellationToken.None);

        Assert.Equal(Warnings, ResultStamp.Read(_folder.Root)!.Warnings);
        Assert.True(Holds());
    }

    [Fact]
    public void An_aged_stamp_is_old_and_still_holds()
    {
        ResultStamp.Age(_folder.Root);

        Assert.Equal(2000, File.GetLastWriteTimeUtc(Stamp).Year);
        Assert.True(Holds());
        Assert.True(LooksUntouched());
    }

    [Fact]
    public void A_removed_result_leaves_what_builds_keep()
    {
        ResultStamp.RemoveResult(_folder.Root);

        Assert.Equal(ResultStamp.Reserved.Where(name => !name.StartsWith("done.stamp", StringComparison.Ordinal)).Order(), Directory.EnumerateFileSystemEntries(_folder.Root).Select(path => Path.GetFileName(path)).Order());
    }
}
