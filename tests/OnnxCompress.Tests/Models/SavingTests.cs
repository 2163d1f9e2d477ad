using OnnxCompress.Models;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Models;

/// <summary>A reader sees the old file or the new one, and a failure leaves nothing behind.</summary>
public sealed class SavingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Saving_replaces_the_file_and_leaves_no_other()
    {
        var path = _folder.Write("model.onnx", [1, 2, 3]);

        Model().Save(path);

        Assert.Equal(Model().ToBytes(), File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_folder_in_the_way_fails_and_leaves_nothing()
    {
        var path = _folder.File("model.onnx");
        Directory.CreateDirectory(path);

        Assert.ThrowsAny<IOException>(() => Model().Save(path));

        Assert.Empty(Directory.GetFiles(_folder.Root));
        Assert.Empty(Directory.GetFileSystemEntries(path));
    }

    [Fact]
    public void A_folder_that_is_missing_fails_and_is_not_made()
    {
        Assert.ThrowsAny<IOException>(() => Model().Save(_folder.File("none/model.onnx")));

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Root));
    }

    [Fact]
    public void Files_that_are_not_committed_leave_the_old_ones_and_no_trace()
    {
        var path = _folder.Write("model.onnx", [1, 2, 3]);

        using (var files = new AtomicFiles())
        {
            File.WriteAllBytes(files.Add(path), [4]);
            File.WriteAllBytes(files.Add(_folder.File("model.onnx.data")), [5]);
        }

        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_commit_that_fails_half_way_leaves_no_temporary_file()
    {
        Directory.CreateDirectory(_folder.File("second"));

        Assert.ThrowsAny<IOException>(() =>
        {
            using var files = new AtomicFiles();
            File.WriteAllBytes(files.Add(_folder.File("first")), [1]);
            File.WriteAllBytes(files.Add(_folder.File("second")), [2]);
            files.Commit();
        });

        Assert.DoesNotContain(Directory.GetFiles(_folder.Root), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void A_commit_that_fails_gives_back_what_it_replaced()
    {
        var (first, second) = (_folder.Write("first", [1]), _folder.File("second"));
        Directory.CreateDirectory(_folder.File("third"));
        using (var files = new AtomicFiles())
        {
            foreach (var path in (string[])[first, second, _folder.File("third")])
            {
                File.WriteAllBytes(files.Add(path), [2]);
            }

            Assert.ThrowsAny<IOException>(() => files.Commit());
        }

        Assert.Equal([1], File.ReadAllBytes(first));
        Assert.Equal([first], Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void What_comes_last_takes_all_with_it_when_it_fails()
    {
        var first = _folder.Write("first", [1]);
        using (var files = new AtomicFiles())
        {
            File.WriteAllBytes(files.Add(first), [2]);
            File.WriteAllBytes(files.Add(_folder.File("second")), [2]);

            Assert.Throws<InvalidOperationException>(() => files.Commit(() => throw new InvalidOperationException()));
        }

        Assert.Equal([1], File.ReadAllBytes(first));
        Assert.Equal([first], Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_model_with_a_side_file_stays_whole_when_what_comes_with_it_fails()
    {
        var (first, second) = (External(1), External(2));
        var path = _folder.File("out.onnx");
        first.Save(path);
        using (var staged = second.Stage(path))
        {
            // The side file cannot be replaced: a folder has taken its place meanwhile.
            File.Move(path + ".data", _folder.File("kept"));
            Directory.CreateDirectory(path + ".data");

            Assert.ThrowsAny<IOException>(staged.Commit);
        }

        Directory.Delete(path + ".data");
        File.Move(_folder.File("kept"), path + ".data");
        ModelAssert.SameOutputs(first, OnnxModel.Load(path), 1e-12, "the same bytes");
        Assert.Equal(["out.onnx", "out.onnx.data"], Directory.GetFiles(_folder.Root, "out*").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Neither_links_nor_fifos_are_replaced()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no FIFOs in folders.");
        var target = _folder.Write("target", [1]);
        File.CreateSymbolicLink(_folder.File("link"), target);
        SpecialFiles.Fifo(_folder.File("fifo"));

        foreach (var name in (string[])["link", "fifo"])
        {
            using var files = new AtomicFiles();
            File.WriteAllBytes(files.Add(_folder.File(name)), [2]);

            Assert.ThrowsAny<IOException>(() => files.Commit());
        }

        Assert.Equal([1], File.ReadAllBytes(target));
        Assert.Equal((FileKind.Link, FileKind.Special), (FileIdentity.OfEntry(_folder.File("link")).Kind, FileIdentity.OfEntry(_folder.File("fifo")).Kind));
    }

    [Fact]
    public void What_a_killed_writer_left_goes_and_what_others_write_stays()
    {
        var path = _folder.File("model.onnx");
        var (mine, others) = (Path.GetFileName(Announced(path)), Path.GetFileName(Announced(_folder.File("other.onnx"))));
        // No process has this number: it is above what systems give out.
        var dead = mine.Replace($"-{Environment.ProcessId:x}-", "-7ffffff-", StringComparison.Ordinal);
        var foreign = mine.Replace(mine.Split('.')[2].Split('-')[0], "00000000", StringComparison.Ordinal);
        var deadOld = dead.Replace(".tmp", ".old.tmp", StringComparison.Ordinal);
        string[] kept = [others, foreign, "model.onnx.tmp", "model.onnx.backup.tmp", mine];
        foreach (var name in (string[])[dead, deadOld, .. kept])
        {
            _folder.Write(name, [1]);
        }

        Model().Save(path);

        Assert.Equal(kept.Append("model.onnx").Order(StringComparer.Ordinal), Directory.GetFiles(_folder.Root).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_model_with_a_side_file_is_replaced_together_with_it()
    {
        var (first, second) = (External(1), External(2));
        first.Save(_folder.File("out.onnx"));

        second.Save(_folder.File("out.onnx"));

        ModelAssert.SameOutputs(second, OnnxModel.Load(_folder.File("out.onnx")), 1e-12, "the same bytes");
        Assert.Equal(["out.onnx", "out.onnx.data"], Directory.GetFiles(_folder.Root, "out*").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    /// <summary>The name of a temporary file that is being written now.</summary>
    private static string Announced(string path)
    {
        using var files = new AtomicFiles();
        return files.Add(path);
    }

    private OnnxModel External(int seed)
    {
        var builder = new TestModel(seed: seed);
        builder.Input("x", "N", 32);
        builder.Gemm("f", "x", 32, 64);
        builder.Output("f", "N", 64);
        var path = _folder.File($"source{seed}.onnx");
        ModelWriter.SaveApart(builder.Proto, t => t.RawData.Length > 1024, path);
        return OnnxModel.Load(path);
    }

    private static OnnxModel Model()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2);
        builder.Gemm("f", "x", 2, 3);
        return builder.Output("f", "N", 3).Build();
    }
}
