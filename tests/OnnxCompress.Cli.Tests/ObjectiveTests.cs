using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Tests;

/// <summary><c>--for</c>: what is made small where no budget says how small.</summary>
public sealed class ObjectiveTests
{
    [Theory]
    [InlineData(DiagnosticCodes.OptionInvalid, "latency or bytes or macs or params", "--for", "speed")]
    [InlineData(DiagnosticCodes.OptionsConflict, "leave it out", "--for", "bytes", "--keep-macs", "0.5")]
    [InlineData(DiagnosticCodes.OptionsConflict, "leave it out", "--for", "bytes", "--methods", "none")]
    public void What_contradicts_it_is_named(string code, string part, params string[] options) =>
        CliRun.Of(["compress", "m.onnx", "-o", "o.onnx", "-d", "d.npy", .. options]).HasOneError(2, code, part);
}
