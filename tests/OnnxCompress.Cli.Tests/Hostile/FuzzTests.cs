using System.Diagnostics;
using System.Reflection;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>Short runs of the fuzzer and of the killer; the program itself runs as long as one likes.</summary>
public sealed class FuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Mutated_files_never_end_in_anything_but_a_diagnostic() =>
        Runs("fuzz", "--seed", "20261121", "--seconds", "15", "--findings", _folder.Root);

    [Fact]
    public void A_killed_run_leaves_the_old_output_or_the_new_one() => Runs("interrupt", "--runs", "3", "--seed", "1");

    private static void Runs(params string[] args)
    {
        var program = typeof(FuzzTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "FuzzProgram").Value!;
        var start = new ProcessStartInfo("dotnet", [program, .. args]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;

        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        Assert.True(process.ExitCode == 0, said);
    }
}
