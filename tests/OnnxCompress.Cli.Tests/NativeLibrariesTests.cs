using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Tests;

/// <summary>A machine that the tool has no native libraries for is named, with the ways out.</summary>
public sealed class NativeLibrariesTests
{
    private static readonly Exception Missing = new TypeInitializationException("Native", new DllNotFoundException("Unable to load 'onnxruntime'."));

    [Theory]
    [InlineData("linux-musl-x64")]
    [InlineData("osx-x64")]
    public void An_unsupported_platform_is_named_with_those_that_are_and_what_to_do(string platform)
    {
        var absent = NativeLibraries.Absent(Missing, platform)!;

        Assert.Equal((DiagnosticCodes.NativeLibraryAbsent, Severity.Error), (absent.Code, absent.Severity));
        Assert.Equal(ExitCodes.Unusable, ExitCodes.For(absent.Code));
        foreach (var part in NativeLibraries.Platforms.Concat([$"This is {platform};", "OnnxCompressEnabled=false", "Unable to load 'onnxruntime'."]))
        {
            Assert.Contains(part, absent.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void On_a_supported_platform_something_else_is_missing() =>
        Assert.Contains("This is linux-x64, which is supported", NativeLibraries.Absent(Missing, "linux-x64")!.Message, StringComparison.Ordinal);

    [Fact]
    public void Other_failures_are_none_of_it() =>
        Assert.Null(NativeLibraries.Absent(new InvalidOperationException("x", new TypeInitializationException("Native", null)), "osx-x64"));
}
