using System.Reflection;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using OnnxCompress.Numerics.Ilgpu.Operations;

namespace OnnxCompress.Numerics.Ilgpu.Tests;

/// <summary>Every kernel becomes code for NVIDIA devices; no device is needed for that.</summary>
public sealed class PtxTests
{
    public static TheoryData<string> Kernels => new(Methods.Keys);

    private static Dictionary<string, MethodInfo> Methods { get; } = typeof(KernelSet).Assembly.GetTypes()
        .Where(type => type.Namespace == typeof(Ilgpu.Kernels.Steps).Namespace && type.IsAbstract && type != typeof(Ilgpu.Kernels.ProductTile))
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
        .Where(method => method.ReturnType == typeof(void))
        .ToDictionary(method => $"{method.DeclaringType!.Name}.{method.Name}", StringComparer.Ordinal);

    [Fact]
    public void Every_kernel_that_is_launched_is_among_them() =>
        Assert.Equal(typeof(KernelSet).GetProperties(BindingFlags.Public | BindingFlags.Instance).Length, Methods.Count);

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_kernel_compiles_to_PTX(string name)
    {
        var method = Methods[name];
        var entry = method.GetParameters()[0].ParameterType is var first && (first == typeof(Index1D) || first == typeof(Index2D))
            ? EntryPointDescription.FromImplicitlyGroupedKernel(method)
            : EntryPointDescription.FromExplicitlyGroupedKernel(method);
        using var context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2));
        // ILGPU names the oldest architecture that has what the device has: for SM_90 that is sm_80, in the language of its driver.
        foreach (var (architecture, instructions, version) in new[]
        {
            (CudaArchitecture.SM_80, CudaInstructionSet.ISA_70, "7.0"), (CudaArchitecture.SM_90, CudaInstructionSet.ISA_78, "7.8"),
        })
        {
            using var backend = new PTXBackend(context, architecture, instructions, null!);

            var code = ((PTXCompiledKernel)backend.Compile(entry, default)).PTXAssembly;

            Assert.Contains($".version {version}\n.target sm_80", code.ReplaceLineEndings("\n"), StringComparison.Ordinal);
            Assert.Contains(".entry", code, StringComparison.Ordinal);
        }
    }
}
