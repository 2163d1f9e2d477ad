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

    private static OnnxModel Model()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2);
        builder.Gemm("f", "x", 2, 3);
        return builder.Output("f", "N", 3).Build();
    }
}
