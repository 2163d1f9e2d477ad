using OnnxCompress.Tool.Tests.Packages;

namespace OnnxCompress.Tool.Tests.Building;

/// <summary>Codes are errors, warnings or silent as the project says; items that cannot be used say so.</summary>
public sealed class DiagnosticsTests(PackedPackages packages)
{
    private const string Item = $"""<OnnxModel Include="Models/glyphs.onnx" {Consumer.Quick} />""";

    [Fact]
    public void Warnings_are_what_the_project_makes_of_them()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item);

        var strict = consumer.Run("build", "-p:TreatWarningsAsErrors=true", "-p:WarningsNotAsErrors=OCX3004", "-p:NoWarn=OCX9023");
        var left = consumer.Files("*.stamp", "obj");
        var silent = consumer.Build("-p:NoWarn=\"OCX7004;OCX3004\"");

        Assert.Equal(1, strict.Code);
        Assert.Equal("OCX7004", Assert.Single(strict.Errors).Code);
        Assert.Contains(strict.Warnings, warning => warning.Code == "OCX3004");
        Assert.Empty(left);
        Assert.Equal(1, silent.ToolStarts);
        Assert.Empty(silent.Warnings);
    }

    [Fact]
    public void A_model_that_lost_decisions_is_a_warning_and_a_destroyed_one_an_error()
    {
        using var consumer = new Consumer(packages);
        string With(string budget) => Item.Replace("KeepMacs=\"0.7\"", budget, StringComparison.Ordinal);

        consumer.WriteApp(With("KeepMacs=\"0.05\""));
        var refused = consumer.Run("build");
        var left = consumer.Files("*.stamp", "obj");
        consumer.WriteApp(With("KeepMacs=\"0.35\""));
        var warned = consumer.Build();
        consumer.WriteApp(With("KeepMacs=\"0.05\" MinAgreement=\"0\""));
        var accepted = consumer.Build();

        Assert.Contains("Only ", Assert.Single(warned.Warnings, warning => warning.Code == "OCX7010").Text, StringComparison.Ordinal);
        Assert.Equal((1, "OCX7011"), (refused.Code, Assert.Single(refused.Errors).Code));
        Assert.Empty(left);
        Assert.DoesNotContain(accepted.Warnings, warning => warning.Code.StartsWith("OCX701", StringComparison.Ordinal));
    }

    [Fact]
    public void A_misspelt_option_and_another_version_in_the_manifest_are_told()
    {
        using var consumer = new Consumer(packages);
        consumer.Write(".config/dotnet-tools.json", """{ "version": 1, "tools": { "dotnet-onnx-compress": { "version": "0.9.0", "commands": [ "dotnet-onnx-compress" ] } } }""");
        consumer.WriteApp(Item.Replace("KeepMacs", "KepMacs", StringComparison.Ordinal));

        var run = consumer.Run("build");

        var (code, text) = Assert.Single(run.Errors);
        Assert.Equal(1, run.Code);
        Assert.Equal("OCX9010", code);
        Assert.Contains("--keep-macs", text, StringComparison.Ordinal);
        Assert.Equal("OCX9023", Assert.Single(run.Warnings).Code);
    }

    [Theory]
    [InlineData("Emit=\"Contents\"", "Contents")]
    [InlineData("Force=\"yes\"", "Force")]
    [InlineData("AllowExternalOutside=\"true\"", "AllowExternalOutside")]
    [InlineData("Decision=\"say &quot;no&quot;\"", "quotation mark")]
    public void An_item_that_cannot_be_used_is_one_error(string metadata, string part)
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item.Replace("<OnnxModel", "<OnnxModel " + metadata, StringComparison.Ordinal));

        var run = consumer.Run("build");

        var (code, text) = Assert.Single(run.Errors);
        Assert.Equal(1, run.Code);
        Assert.Equal("OCX9021", code);
        Assert.Contains("Models/glyphs.onnx", text, StringComparison.Ordinal);
        Assert.Contains(part, text, StringComparison.Ordinal);
    }
}
