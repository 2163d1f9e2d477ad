using OnnxCompress.MSBuild;
using OnnxCompress.Testing;

namespace OnnxCompress.Tool.Tests.Tasks;

/// <summary>Messages of the tool in the words of a project file, and where in it they lead.</summary>
public sealed class ItemWordsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("less than --min-agreement 1. Nothing was written.", "less than MinAgreement=\"1\". Nothing was written.")]
    [InlineData("is --keep-macs 0.123, which", "is KeepMacs=\"0.123\", which")]
    [InlineData("--scale is 'x'; it must be a number.", "Scale is 'x'; it must be a number.")]
    [InlineData("Give -d PATH or --statistics PATH.", "Give Data or Statistics PATH.")]
    [InlineData("ask for --precision int8 or int4", "ask for Precision=\"int8\" or int4")]
    [InlineData("excluded by --include or --exclude", "excluded by IncludeNodes or ExcludeNodes")]
    [InlineData("with --target any no time is", "with RunTarget=\"any\" no time is")]
    [InlineData("--allow-external-outside permits that", "--allow-external-outside permits that")]
    [InlineData("node a--b and 1--2 of 'x-d'", "node a--b and 1--2 of 'x-d'")]
    [InlineData("'--kep-macs=0.7' is not an option of compress. Did you mean '--keep-macs'?", "'KepMacs=\"0.7\"' is no metadata of OnnxModel. Did you mean 'KeepMacs'?")]
    public void Options_are_metadata(string said, string wanted) => Assert.Equal(wanted, ItemWords.Of(said));

    [Theory]
    [InlineData("calibrate: 120 of 500, about 12 s left", "running the samples: 120 of 500, about 12 s left", true)]
    [InlineData("time nodes: 3.4 s", "timing layers: 3.4 s", false)]
    [InlineData("working: 9 s so far", "working: 9 s so far", true)]
    public void Stages_are_told_in_words(string line, string words, bool isUnderWay) => Assert.Equal((words, isUnderWay), StageWords.Of(line));

    [Theory]
    [InlineData("wrote a.onnx and report.json")]
    [InlineData("output 'y': argmax, 10 classes")]
    public void Other_talk_is_no_stage(string line) => Assert.Null(StageWords.Of(line));

    [Fact]
    public void The_element_is_found_by_its_name_and_alone_by_being_the_only_one()
    {
        var one = _folder.File("one.csproj");
        File.WriteAllText(one, "<Project>\n  <ItemGroup>\n    <OnnxModel Include=\"a/*.onnx\" />\n  </ItemGroup>\n</Project>");
        var two = _folder.File("two.csproj");
        File.WriteAllText(two, "<Project><ItemGroup>\n<OnnxModel Include=\"x.onnx\" /><OnnxModel Include=\"y.onnx; a\\b.onnx\" /></ItemGroup></Project>");
        File.WriteAllText(_folder.File("broken.csproj"), "<Project>");

        Assert.Equal((one, 3, 5), At(ItemPlace.Of("", one, "a/b.onnx")));
        Assert.Equal((two, 2, 31), At(ItemPlace.Of(two, one, "a/b.onnx")));
        Assert.Equal((two, 0, 0), At(ItemPlace.Of(two, one, "z.onnx")));
        Assert.Equal(0, ItemPlace.Of(_folder.File("broken.csproj"), one, "z.onnx").Line);
        Assert.Equal(0, ItemPlace.Of(_folder.File("absent.csproj"), one, "z.onnx").Line);
    }

    private static (string, int, int) At(ItemPlace place) => (place.File, place.Line, place.Column);
}
