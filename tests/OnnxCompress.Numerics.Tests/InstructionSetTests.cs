using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

/// <summary>Every identity and oracle test again in child processes that lack some vectors; tolerances stay the same.</summary>
public sealed class InstructionSetTests
{
    private static readonly Type[] Rerun = [typeof(MultiplyTests), typeof(GramTests), typeof(CholeskyTests), typeof(PivotedCholeskyTests), typeof(SymmetricEigenTests), typeof(TopEigenTests), typeof(InverseDowndateTests), typeof(InstructionSetTests)];

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public void Results_hold_without(string variable)
    {
        if (NumericChildProcess.Current is not null)
        {
            Assert.Skip("This is the child process.");
        }

        NumericChildProcess.Run(typeof(InstructionSetTests).Assembly.Location, variable, [.. Rerun.Select(type => type.FullName!)]);
    }

    [Fact]
    public void The_switch_took_effect_in_a_child()
    {
        switch (NumericChildProcess.Current)
        {
            case "DOTNET_EnableAVX512":
                Assert.False(Avx512F.IsSupported);
                break;
            case "DOTNET_EnableAVX2":
                Assert.False(Avx2.IsSupported);
                Assert.False(Vector256.IsHardwareAccelerated);
                break;
            case "DOTNET_EnableHWIntrinsic":
                Assert.False(Avx.IsSupported);
                Assert.False(Fma.IsSupported);
                break;
            default:
                Assert.Skip("The parent process has all instruction sets on.");
                break;
        }
    }
}
