using Microsoft.Build.Utilities;
using OnnxCompress.Cli.Options;
using OnnxCompress.MSBuild;
using OnnxCompress.Testing;
using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Tasks;

/// <summary>How items, models and paths are read, without a build.</summary>
public sealed class ReadingItemsTests
{
    [Theory]
    [InlineData("KeepMacs", "--keep-macs")]
    [InlineData("Data", "--data")]
    [InlineData("IncludeNodes", "--include")]
    [InlineData("RunTarget", "--target")]
    [InlineData("ExcludeNodes", "--exclude")]
    [InlineData("scale", "--scale")]
    public void Metadata_are_options(string metadata, string option) => Assert.Equal(option, OptionMetadata.Option(metadata));

    [Fact]
    public void Paths_are_full_switches_are_bare_and_lists_are_repeated()
    {
        using var folder = new TemporaryFolder();
        var item = new TaskItem("m.onnx");
        item.SetMetadata("Data", "image=a/*.npy;mask=b.npy");
        item.SetMetadata("Force", "true");
        item.SetMetadata("Locked", "false");
        item.SetMetadata("Seed", "");
        item.SetMetadata("CopyToOutputDirectory", "Always");

        var read = new ModelItem(item, folder.Root);

        Assert.Equal([$"--data=image={folder.File("a/*.npy")}", $"--data=mask={folder.File("b.npy")}", "--force"], read.Options);
    }

    [Fact]
    public void Values_in_place_of_data_are_no_paths()
    {
        using var folder = new TemporaryFolder();
        var item = new TaskItem("m.onnx");
        item.SetMetadata("Data", "rate=16000;size=640,480;state=zeros;bias=@bias.npy");
        item.SetMetadata("State", "next=state;more=past");

        var read = new ModelItem(item, folder.Root);

        Assert.Equal(
            ["--data=rate=16000", "--data=size=640,480", "--data=state=zeros", $"--data=bias=@{folder.File("bias.npy")}", "--state=next=state", "--state=more=past"],
            read.Options);
        Assert.Equal([folder.File("bias.npy")], read.OtherInputs);
    }

    [Fact]
    public void A_vocabulary_is_a_word_or_a_file_that_the_build_reads()
    {
        using var folder = new TemporaryFolder();
        ModelItem Read(string value)
        {
            var item = new TaskItem("m.onnx");
            item.SetMetadata("Vocabulary", value);
            item.SetMetadata("UnknownId", "100");
            return new(item, folder.Root);
        }

        Assert.Equal(["--unknown-id=100", "--vocabulary=used"], Read("used").Options);
        Assert.Empty(Read("used").OtherInputs);
        Assert.Equal(["--unknown-id=100", $"--vocabulary={folder.File("ids.txt")}"], Read("ids.txt").Options);
        Assert.Equal([folder.File("ids.txt")], Read("ids.txt").OtherInputs);
    }

    [Theory]
    [InlineData("AllowExternalOutside", "true")]
    [InlineData("AllowExternalOutside", "false")]
    [InlineData("allow-external-outside", "true")]
    public void Trust_in_a_model_is_no_metadata(string name, string value)
    {
        using var folder = new TemporaryFolder();
        var item = new TaskItem("m.onnx");
        item.SetMetadata(name, value);

        Assert.Contains("command line", Assert.Throws<InvalidItemException>(() => new ModelItem(item, folder.Root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void External_tensors_are_found_wherever_they_lie()
    {
        static byte[] Constant(string name) => Field(5, Field(5, ExternalTensor.Tensor(name, name + ".bin")));
        byte[] graph =
        [
            .. Field(5, ExternalTensor.Tensor("weight", "weight.bin")),
            .. Field(5, ExternalTensor.Tensor("inside", "not.read", isExternal: false)),
            .. Field(1, Constant("constant")),
            .. Field(1, Field(5, Field(6, Field(5, ExternalTensor.Tensor("branch", "branch.bin"))))),
            .. Field(15, Field(1, ExternalTensor.Tensor("sparse", "sparse.bin"))),
            .. Field(1, Field(5, Field(22, Field(2, ExternalTensor.Tensor("indices", "indices.bin"))))),
        ];
        byte[] model = [.. Field(7, graph), .. Field(25, Field(7, Constant("function"))), .. Field(20, Field(2, Field(1, Constant("training"))))];
        using var stream = new MemoryStream(model);

        string[] names = ["weight", "constant", "branch", "sparse", "indices", "function", "training"];
        Assert.Equal(names.Select(name => (name, name + ".bin")), ExternalDataNames.Read(stream));
    }

    [Fact]
    public void Side_files_are_named_once_below_the_folder_that_the_link_of_a_model_leads_to()
    {
        using var folder = new TemporaryFolder();
        using var links = new TemporaryFolder();
        folder.Write("weights.bin", new byte[ExternalTensor.Bytes]);
        var model = folder.Write("m.onnx", Field(7, [.. Field(5, ExternalTensor.Tensor("a", "weights.bin")), .. Field(5, ExternalTensor.Tensor("b", "./weights.bin"))]));
        File.CreateSymbolicLink(links.File("m.onnx"), model);

        var side = Assert.Single(SideFiles.Of(links.File("m.onnx")));

        Assert.Equal(("weights.bin", "weights.bin"), (side.Location, side.Name));
        Assert.Equal(new byte[ExternalTensor.Bytes], File.ReadAllBytes(side.Path));
        Assert.True(Path.IsPathFullyQualified(side.Path), side.Path);
    }

    [Fact]
    public void A_name_that_leads_out_of_the_folder_is_refused_with_the_name_of_its_tensor()
    {
        using var folder = new TemporaryFolder();
        var model = folder.Write("m.onnx", Field(7, Field(5, ExternalTensor.Tensor("a\u001b", "../weights.bin"))));

        var refused = Assert.Throws<InvalidItemException>(() => SideFiles.Of(model));

        Assert.Equal("OCX1005", refused.Code);
        Assert.Contains("'a?'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_external_data_and_a_broken_one_name_none()
    {
        using var folder = new TemporaryFolder();

        Assert.Empty(SideFiles.Of(SampleFiles.Model));
        Assert.Empty(SideFiles.Of(folder.Write("cut.onnx", [0x3a, 0xff, 0xff, 0xff, 0x7f, 1])));
        Assert.Empty(SideFiles.Of(folder.File("absent.onnx")));
        Assert.Empty(SideFiles.Of(folder.Root));
    }

    [Fact]
    public void Globs_stand_for_their_files_in_order()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("x/y"));
        foreach (var name in new[] { "b.npy", "a.npy", "c.txt", "x/d.npy", "x/y/e.npy" })
        {
            folder.Write(name, []);
        }

        Assert.Equal([folder.File("a.npy"), folder.File("b.npy")], DataFiles.Expand(folder.File("*.npy")));
        Assert.Equal(4, DataFiles.Expand(folder.File("**/*.npy")).Count);
        Assert.Equal([folder.File("x/d.npy")], DataFiles.Expand(folder.File("x/?.npy")));
        Assert.Equal([folder.File("none*.npy")], DataFiles.Expand(folder.File("none*.npy")));
    }

    [Fact]
    public void Codes_link_to_the_packed_page_or_to_an_address()
    {
        Assert.EndsWith("/docs/errors.md#OCX7001", new WarningRules(new Rules { ErrorsPage = "/p/docs/errors.md" }).HelpLink("OCX7001"), StringComparison.Ordinal);
        Assert.Equal("https://example.org/e/OCX7001", new WarningRules(new Rules { ErrorsPage = "/p", HelpLinkBase = "https://example.org/e/" }).HelpLink("OCX7001"));
    }

    private static byte[] Field(int number, byte[] content) => ExternalTensor.Field(number, content);

    private sealed class Rules : IWarningRules
    {
        public string? ErrorsPage { get; init; }

        public string? HelpLinkBase { get; init; }

        public string? NoWarn => null;

        public string? TreatWarningsAsErrors => null;

        public string? WarningsAsErrors => null;

        public string? WarningsNotAsErrors => null;
    }
}
