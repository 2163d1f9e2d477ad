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
    // What ILGPU writes for ever newer devices and drivers.
    private static readonly (CudaArchitecture Architecture, CudaInstructionSet Instructions, string Version)[] Targets =
        [(CudaArchitecture.SM_80, CudaInstructionSet.ISA_70, "7.0"), (CudaArchitecture.SM_90, CudaInstructionSet.ISA_78, "7.8")];

    private static readonly Lazy<Context> Compiler = new(() => Context.Create(builder => builder.Optimize(OptimizationLevel.O2)));

    public static TheoryData<string> Kernels => new(Methods.Keys);

    private static Dictionary<string, MethodInfo> Methods { get; } = typeof(KernelSet).Assembly.GetTypes()
        .Where(type => type.Namespace == typeof(Ilgpu.Kernels.Steps).Namespace && type is { IsAbstract: true, IsSealed: true })
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
        .Where(method => method.ReturnType == typeof(void))
        .SelectMany(Closed)
        .ToDictionary(Name, StringComparer.Ordinal);

    [Fact]
    public void Every_kernel_that_is_launched_is_among_them() =>
        Assert.Equal(typeof(KernelSet).GetProperties(BindingFlags.Public | BindingFlags.Instance).Length, Methods.Count);

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_kernel_compiles_to_PTX(string name)
    {
        // ILGPU names the oldest architecture that has what the device has: for SM_90 that is sm_80, in the language of its driver.
        foreach (var (architecture, instructions, version) in Targets)
        {
            var code = Compile(name, architecture, instructions);

            Assert.Contains($".version {version}\n.target sm_80", code, StringComparison.Ordinal);
            Assert.Contains(".entry", code, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("ProductKernel.Run Single", "mul.f32", "shared.v4.f32", "global.v4.f32", 1)]
    [InlineData("ProductKernel.Run Double", "mul.f64", "shared.v2.f64", "global.v2.f64", 2)]
    public void Products_stay_in_registers_and_loads_are_wide(string name, string multiply, string fromShared, string fromGlobal, int loadsOfQuad)
    {
        var code = Compile(name, Targets[0].Architecture, Targets[0].Instructions);

        // Four depths of 8 x 8 products are written out, each from four quads; nothing is spilled to local memory.
        Assert.InRange(Count(code, multiply), 4 * 64, (4 * 64) + 256);
        Assert.Equal(4 * 4 * loadsOfQuad, Count(code, "ld." + fromShared));
        Assert.True(Count(code, "ld." + fromGlobal) >= 2 * loadsOfQuad, "Slices of A and of B are loaded by quads where they are aligned.");
        Assert.DoesNotContain(".local", code, StringComparison.Ordinal);
    }

    private static IEnumerable<MethodInfo> Closed(MethodInfo method) => method.IsGenericMethodDefinition
        ? [method.MakeGenericMethod(typeof(float), typeof(Ilgpu.Kernels.FloatEntry)), method.MakeGenericMethod(typeof(double), typeof(Ilgpu.Kernels.DoubleEntry))]
        : [method];

    private static string Name(MethodInfo method) =>
        $"{method.DeclaringType!.Name}.{method.Name}{(method.IsGenericMethod ? " " + method.GetGenericArguments()[0].Name : "")}";

    private static int Count(string code, string instruction) => code.Split(instruction, StringSplitOptions.None).Length - 1;

    private static string Compile(string name, CudaArchitecture architecture, CudaInstructionSet instructions)
    {
        var method = Methods[name];
        var entry = method.GetParameters()[0].ParameterType is var first && (first == typeof(Index1D) || first == typeof(Index2D))
            ? EntryPointDescription.FromImplicitlyGroupedKernel(method)
            : EntryPointDescription.FromExplicitlyGroupedKernel(method);
        using var backend = new PTXBackend(Compiler.Value, architecture, instructions, null!);
        return ((PTXCompiledKernel)backend.Compile(entry, default)).PTXAssembly.ReplaceLineEndings("\n");
    }
}
