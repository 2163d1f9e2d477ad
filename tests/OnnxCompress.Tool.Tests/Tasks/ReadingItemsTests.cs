using System.Text;
using Microsoft.Build.Utilities;
using OnnxCompress.MSBuild;
using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Tasks;

/// <summary>How items, models and paths are read, without a build.</summary>
public sealed class ReadingItemsTests
{
    [Theory]
    [InlineData("KeepMacs", "--keep-macs")]
    [InlineData("Data", "--data")]
    [InlineData("IncludeNodes", "--include")]
    [InlineData("ExcludeNodes", "--exclude")]
    [InlineData("AllowExternalOutside", "--allow-external-outside")]
    [InlineData("scale", "--scale")]
    public void Metadata_are_options(string metadata, string option) => Assert.Equal(option, ModelItem.OptionName(metadata));

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
    public void External_data_are_found_in_initializers_and_in_attributes()
    {
        using var folder = new TemporaryFolder();
        var model = folder.Write("m.onnx", Field(7, [.. Field(5, Tensor("weights.bin")), .. Field(1, Field(5, Field(5, Tensor("more/deep.bin")))), .. Field(5, Tensor("weights.bin"))]));

        Assert.Equal(["weights.bin", "more/deep.bin"], ExternalDataNames.Read(model));
    }

    [Fact]
    public void A_model_without_external_data_and_a_broken_one_name_none()
    {
        using var folder = new TemporaryFolder();

        Assert.Empty(ExternalDataNames.Read(SampleFiles.Model));
        Assert.Empty(ExternalDataNames.Read(folder.Write("cut.onnx", [0x3a, 0xff, 0xff, 0xff, 0x7f, 1])));
        Assert.Empty(ExternalDataNames.Read(folder.File("absent.onnx")));
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

    private static byte[] Tensor(string location) =>
        [.. Field(13, [.. Field(1, "location"u8.ToArray()), .. Field(2, Encoding.UTF8.GetBytes(location))]), 0x70, 1, .. Field(13, [.. Field(1, "length"u8.ToArray()), .. Field(2, "4"u8.ToArray())])];

    // Length-delimited, shorter than 16,384 bytes.
    private static byte[] Field(int number, byte[] content) =>
        [(byte)((number << 3) | 2), .. content.Length < 128 ? [(byte)content.Length] : new[] { (byte)(content.Length | 0x80), (byte)(content.Length >> 7) }, .. content];

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
