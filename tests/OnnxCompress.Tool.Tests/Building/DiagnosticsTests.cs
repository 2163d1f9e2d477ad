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
        // Of 64 samples fewer than 29 are held out, and 29 would prove the promise.
        consumer.WriteApp(Item.Replace("KeepMacs=\"0.7\"", "KeepMacs=\"0.9\" MinAgreement=\"0.9\"", StringComparison.Ordinal));

        var strict = consumer.Run("build", "-p:TreatWarningsAsErrors=true");
        var again = consumer.Run("build", "-p:TreatWarningsAsErrors=true");
        var byEngine = consumer.Run("build", "-warnaserror");
        var byEngineAgain = consumer.Run("build", "-warnaserror");
        var silent = consumer.Build("-p:NoWarn=OCX7004");
        var upToDate = consumer.Build("-p:NoWarn=OCX7004");

        Assert.Equal((1, 1), (strict.Code, strict.ToolStarts));
        foreach (var failed in new[] { strict, again, byEngine, byEngineAgain })
        {
            Assert.Equal(1, failed.Code);
            Assert.Equal("OCX7004", Assert.Single(failed.Errors).Code);
        }

        // The finished result is kept, and told of as the first time.
        Assert.Equal(strict.Errors, again.Errors);
        Assert.Equal(0, again.ToolStarts + byEngine.ToolStarts + byEngineAgain.ToolStarts + silent.ToolStarts);
        Assert.Empty(silent.Warnings);
        Assert.Equal(0, upToDate.TaskRuns);
    }

    [Fact]
    public void A_few_samples_without_a_promise_are_no_warning_and_the_terminal_shows_what_came_of_them()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item);

        var run = consumer.Run("build", "-warnaserror", "-p:TreatWarningsAsErrors=true", "--tl:on");

        Assert.True(run.Code == 0, run.Output);
        Assert.Empty(run.Warnings);
        Assert.Matches(@"bin/Debug/net10\.0/app\.dll \(glyphs\.onnx 1\.25 -> [0-9.]+ MB, -[0-9]+%, [0-9.]+% same decisions; obj/onnxcompress/glyphs-[0-9a-f]+/report\.html\)", run.Output);
    }

    [Fact]
    public void A_machine_without_native_libraries_is_told_and_no_defect()
    {
        using var consumer = new Consumer(packages);
        consumer.WriteApp(Item);
        Assert.Equal(0, consumer.Run("restore").Code);
        var tool = Path.Combine(packages.Restored, "onnxcompress.msbuild", PackedPackages.Version, "tools", "net10.0", "any");
        Directory.CreateDirectory(consumer.At("tool"));
        foreach (var file in Directory.GetFiles(tool))
        {
            File.Copy(file, consumer.At("tool/" + Path.GetFileName(file)));
        }

        var run = consumer.Run("build", "--no-restore", "-p:OnnxCompressToolPath=" + consumer.At("tool/dotnet-onnx-compress.dll"));

        var (code, text) = Assert.Single(run.Errors);
        Assert.Equal((1, "OCX9018"), (run.Code, code));
        Assert.Contains(System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier, text, StringComparison.Ordinal);
        Assert.Contains("OnnxCompressEnabled=false", text, StringComparison.Ordinal);
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
    public void A_budget_out_of_reach_names_one_within_that_can_be_pasted()
    {
        using var consumer = new Consumer(packages);
        string With(string budget) => Item.Replace("KeepMacs=\"0.7\"", budget, StringComparison.Ordinal);
        consumer.WriteApp(With("KeepMacs=\"0.001\" MinAgreement=\"0\""));

        var refused = consumer.Run("build");
        var (code, text) = Assert.Single(refused.Errors);
        var within = System.Text.RegularExpressions.Regex.Match(text, "KeepMacs=\"0\\.[0-9]+\"(?=, which may cost)").Value;
        consumer.WriteApp(With(within + " MinAgreement=\"0\""));
        var pasted = consumer.Run("build");

        Assert.Equal("OCX5001", code);
        Assert.NotEqual("", within);
        Assert.True(pasted.Code == 0, pasted.Output);
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
        Assert.Contains("Did you mean 'KeepMacs'?", text, StringComparison.Ordinal);
        Assert.DoesNotContain("--", text, StringComparison.Ordinal);
        Assert.Contains(consumer.At("app.csproj") + "(5,5): error OCX9010", run.Output, StringComparison.Ordinal);
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
