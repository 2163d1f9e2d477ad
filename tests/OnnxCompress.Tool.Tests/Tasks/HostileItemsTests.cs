using Microsoft.Build.Utilities;
using OnnxCompress.MSBuild;
using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Tasks;

/// <summary>Names and values that could be read as something else on the way to the tool.</summary>
public sealed class HostileItemsTests
{
    public static TheoryData<string> Signs => [.. "\n\r\0\t\v\f\u001b\u007f\u0085\u2028\u2029\"\ud800\udc00".Select(c => c.ToString())];

    [Theory]
    [MemberData(nameof(Signs), DisableDiscoveryEnumeration = true)]
    public void Signs_that_a_response_file_cannot_hold_are_refused_by_the_name_of_what_has_them(string sign)
    {
        using var folder = new TemporaryFolder();
        var value = $"a{sign}--force";

        Refused(folder, new TaskItem(EscapeAll($"{value}.onnx")), "its path");
        foreach (var name in new[] { "Data", "VerifyData", "IncludeNodes", "Plan", "SavePlan", "Report", "CacheDir", "Device", "KeepMacs", "Link" })
        {
            var item = new TaskItem("m.onnx");
            item.SetMetadata(name, EscapeAll(value));
            Refused(folder, item, name);
        }
    }

    [Theory]
    [InlineData("@evil.rsp")]
    [InlineData("--force.onnx")]
    [InlineData("#comment.onnx")]
    [InlineData("a'b c\\\\.onnx")]
    public void Names_that_look_like_options_are_paths(string name)
    {
        using var folder = new TemporaryFolder();

        var item = new ModelItem(new TaskItem(EscapeAll(name)), folder.Root);
        var lines = new ModelOutput(folder.File("obj"), folder.File("app.csproj"), item).ResponseText().Split('\n');

        Assert.Equal($"\"{BuildPaths.Full(folder.Root, name)}\"", lines[1]);
        Assert.All(lines.SkipLast(1), line => Assert.Matches("^\"[^\"]*\"$", line));
    }

    [Theory]
    [InlineData("Out")]
    [InlineData("overwrite")]
    [InlineData("BuildRun")]
    public void What_the_build_says_itself_no_item_can_say(string name)
    {
        using var folder = new TemporaryFolder();
        var item = new TaskItem("m.onnx");
        item.SetMetadata(name, "true");

        Refused(folder, item, name);
    }

    [Theory]
    [InlineData("done.stamp")]
    [InlineData("Compress.rsp")]
    [InlineData("models/run")]
    [InlineData("plan.json")]
    public void A_model_cannot_take_the_place_of_what_the_build_keeps(string link)
    {
        using var folder = new TemporaryFolder();
        var item = new TaskItem("m.onnx");
        item.SetMetadata("Link", link);
        var read = new ModelItem(item, folder.Root);

        Assert.Throws<InvalidItemException>(() => new ModelOutput(folder.File("obj"), folder.File("app.csproj"), read));
    }

    [Fact]
    public void No_cache_is_a_word_and_paths_are_paths_whatever_their_case()
    {
        using var folder = new TemporaryFolder();
        ModelItem Read(string name, string value)
        {
            var item = new TaskItem("m.onnx");
            item.SetMetadata(name, value);
            return new(item, folder.Root);
        }

        Assert.Equal(["--cache-dir=none"], Read("CacheDir", "none").Options);
        Assert.Equal([$"--cache-dir={folder.File("cache")}"], Read("CacheDir", "cache").Options);
        Assert.Equal([$"--data=image={folder.File("a.npy")}"], Read("data", "image=a.npy").Options);
        Assert.Equal([$"--report={folder.File("r.html")}"], Read("report", "r.html").Options);
        Assert.Empty(Read("report", "r.html").OtherInputs);
        Assert.Equal([$"--plan={folder.File("none")}"], Read("Plan", "none").Options);
        Assert.Equal(["--device=cpu"], Read("Device", "cpu").Options);
    }

    [Fact]
    public void A_list_of_wanted_folders_deletes_nothing_but_plain_names_in_the_cache()
    {
        using var folder = new TemporaryFolder();
        var cache = Directory.CreateDirectory(folder.File("obj/onnxcompress")).FullName;
        Directory.CreateDirectory(folder.File("src"));
        Directory.CreateDirectory(Path.Combine(cache, "old-1"));
        var owners = new FolderOwners(cache, folder.File("obj/Debug"));
        owners.Want(["old-1"], () => { });
        var list = Assert.Single(Directory.GetFiles(Path.Combine(cache, "owners"), "*.txt"));
        File.AppendAllLines(list, ["..", "../../src", folder.File("src"), ".", "", "owners", "..\\..\\src"]);

        owners.KeepOnly(new HashSet<string> { "new-1" });

        Assert.True(Directory.Exists(folder.File("src")));
        Assert.True(Directory.Exists(Path.Combine(cache, "owners")));
        Assert.False(Directory.Exists(Path.Combine(cache, "old-1")));
    }

    [Fact]
    public void Projects_that_share_a_cache_share_no_folder()
    {
        using var folder = new TemporaryFolder();
        var item = new ModelItem(new TaskItem("m.onnx"), folder.Root);

        Assert.NotEqual(new ModelOutput(folder.File("c"), folder.File("a.csproj"), item).Folder, new ModelOutput(folder.File("c"), folder.File("b.csproj"), item).Folder);
    }

    private static void Refused(TemporaryFolder folder, TaskItem item, string named)
    {
        var refused = Assert.Throws<InvalidItemException>(() => new ModelItem(item, folder.Root));

        Assert.Contains(named, refused.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(refused.Message, c => char.IsControl(c));
    }

    // MSBuild's own escapes, so that the item holds what is meant.
    private static string EscapeAll(string text) => string.Concat(text.Select(c => c is '%' or '*' or '?' or ';' ? $"%{(int)c:x2}" : c.ToString()));
}
