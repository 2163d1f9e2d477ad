using OnnxCompress.Models;
using OnnxCompress.MSBuild;
using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Tasks;

/// <summary>What counts as an entry of the cache of results, and which ones go, without a build.</summary>
public sealed class CacheEntryTests : IDisposable
{
    private static readonly DateTime Now = new(2026, 1, 31, 0, 0, 0, DateTimeKind.Utc);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_kept_is_read_again_and_what_was_cut_or_names_other_places_is_not()
    {
        var entry = new CacheEntry(["option a", "model 00"], [("OCX7004", "5% \"of\" them\nand ä")], [("m.onnx", "11"), ("+0", "22")]);

        var read = Read(entry.Text)!;

        Assert.Equal(entry.MadeFrom, read.MadeFrom);
        Assert.Equal(entry.Warnings, read.Warnings);
        Assert.Equal(entry.Files, read.Files);
        for (var length = 0; length < entry.Text.Length; length++)
        {
            Assert.Null(Read(entry.Text[..length]));
        }

        Assert.All(["../m.onnx", "..", "a/b", "a\\b", "entry.txt", "c:d", ""], name => Assert.Null(Read(new CacheEntry([], [], [(name, "11")]).Text)));
    }

    [Fact]
    public void An_entry_under_the_key_of_something_else_or_reached_by_a_link_is_not_taken()
    {
        var (cache, result) = (_folder.File("cache"), Directory.CreateDirectory(_folder.File("result")).FullName);
        File.WriteAllText(Path.Combine(result, "m.onnx"), "model");
        var (one, two) = (Key("one"), Key("two"));
        List<string> told = [];
        ResultCache Cache(ContentKey key) => new(cache, CacheMode.ReadWrite, key, told.Add);
        Cache(one).Keep(result, [], [], TestContext.Current.CancellationToken);
        var target = Directory.CreateDirectory(_folder.File("target")).FullName;

        Assert.NotNull(Cache(one).Take(target, [], TestContext.Current.CancellationToken));
        Assert.Equal("model", File.ReadAllText(Path.Combine(target, "m.onnx")));
        Assert.Null(Cache(two).Take(target, [], TestContext.Current.CancellationToken));
        Assert.Empty(told);

        Directory.Move(Path.Combine(cache, one.Hash), Path.Combine(cache, two.Hash));
        Assert.Null(Cache(two).Take(target, [], TestContext.Current.CancellationToken));
        Directory.CreateSymbolicLink(Path.Combine(cache, one.Hash), Path.Combine(cache, two.Hash));
        Assert.Null(Cache(one).Take(target, [], TestContext.Current.CancellationToken));

        Assert.Equal(2, told.Count);
        Assert.Contains("does not say what it should", told[0], StringComparison.Ordinal);
        Assert.Contains("is a link", told[1], StringComparison.Ordinal);

        // The link gives way to an entry, and what it led to stays.
        Cache(one).Keep(result, [], [], TestContext.Current.CancellationToken);
        Assert.NotNull(Cache(one).Take(target, [], TestContext.Current.CancellationToken));
        Assert.True(File.Exists(Path.Combine(cache, two.Hash, "m.onnx")));
    }

    [Fact]
    public void Modes_are_kept_and_what_others_may_write_is_not_taken()
    {
        var (cache, result) = (_folder.File("cache"), Directory.CreateDirectory(_folder.File("result")).FullName);
        File.WriteAllText(Path.Combine(result, "m.onnx"), "model");
        var key = Key("one");
        List<string> told = [];
        ResultCache Cache(CacheMode mode) => new(cache, mode, key, told.Add);
        bool IsTaken(CacheMode mode) => Cache(mode).Take(Directory.CreateDirectory(_folder.File("target")).FullName, [_folder.File("r.md")], TestContext.Current.CancellationToken) is not null;
        void Keep(CacheMode mode) => Cache(mode).Keep(result, [_folder.Write("report.md", [1])], [], TestContext.Current.CancellationToken);

        Keep(CacheMode.Read);
        Assert.False(Directory.Exists(cache));
        Keep(CacheMode.Write);
        Assert.Equal([true, false, true], new[] { CacheMode.Read, CacheMode.Write, CacheMode.ReadWrite }.Select(IsTaken));
        Assert.Equal([1], File.ReadAllBytes(_folder.File("r.md")));
        Assert.Empty(told);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.Equal(Mine, File.GetUnixFileMode(cache));
        foreach (var path in new[] { cache, Path.Combine(cache, key.Hash), Path.Combine(cache, key.Hash, "m.onnx") })
        {
            var mode = File.GetUnixFileMode(path);
            File.SetUnixFileMode(path, mode | UnixFileMode.GroupWrite);
            Assert.False(IsTaken(CacheMode.Read), path);
            Assert.Contains($"'{path}' may be written by other users", told[^1], StringComparison.Ordinal);
            File.SetUnixFileMode(path, mode);
        }

        Assert.True(IsTaken(CacheMode.Read));
    }

    [Fact]
    public void Entries_unused_for_a_month_go_and_the_oldest_beyond_the_size()
    {
        string[] names = [.. "abcd".Select(c => new string(c, 64))];
        foreach (var (index, name) in names.Index())
        {
            Directory.CreateDirectory(_folder.File(name));
            _folder.Write($"{name}/m.onnx", new byte[100]);
            _folder.Write($"{name}/entry.txt", []);
            File.SetLastWriteTimeUtc(_folder.File($"{name}/entry.txt"), Now - TimeSpan.FromDays(index == 3 ? 31 : index));
        }

        Directory.CreateDirectory(_folder.File("old.tmp"));
        Directory.SetLastWriteTimeUtc(_folder.File("old.tmp"), Now - TimeSpan.FromDays(2));
        Directory.CreateDirectory(_folder.File("mine"));
        var cache = new CacheFolder(_folder.Root);

        cache.Prune(names[2], Now, 1000);
        Assert.Equal([.. names[..3].Select(_folder.File), _folder.File("mine")], Directory.GetDirectories(_folder.Root).Order(StringComparer.Ordinal));

        // What was just written stays, then the latest used.
        cache.Prune(names[2], Now, 200);
        Assert.Equal([_folder.File(names[0]), _folder.File(names[2]), _folder.File("mine")], Directory.GetDirectories(_folder.Root).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_cache_is_where_the_project_says_and_no_word_is_a_folder()
    {
        Assert.Equal(_folder.File("c"), CachePlace.Find(_folder.Root, "c"));
        Assert.Null(CachePlace.Find(_folder.Root, "none"));
        Assert.EndsWith(Path.Combine("onnx-compress", "results"), CachePlace.Find(_folder.Root, "") ?? "onnx-compress/results", StringComparison.Ordinal);
    }

    private static CacheEntry? Read(string text)
    {
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text));
        return CacheEntry.Read(stream);
    }

    private ContentKey Key(string option) => ContentKey.Compute([option], [("file x", _folder.File("absent"))], RegularFile.Open, TestContext.Current.CancellationToken);
}
