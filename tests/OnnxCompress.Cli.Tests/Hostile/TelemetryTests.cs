using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>ONNX Runtime would report what it runs; its client keeps files in the temporary folder, which show whether it was started.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_runtime_is_kept_from_reporting_anything()
    {
        // CI, and this variable, would silence it without our doing.
        using var process = ToolProcess.StartAfter(
            "unset CI ORT_DISABLE_TELEMETRY ORT_RUNNING_UNIT_TESTS;", [("TMPDIR", _folder.Root)], "inspect", SampleFiles.Model);
        var run = ToolProcess.End(process);

        Assert.Equal(0, run.Code);
        Assert.DoesNotContain(
            Directory.EnumerateFiles(_folder.Root, "*", SearchOption.AllDirectories), path => Path.GetFileName(path) is var name && (name.Contains("mat-debug", StringComparison.Ordinal) || name.EndsWith(".ses", StringComparison.Ordinal)));
    }
}
