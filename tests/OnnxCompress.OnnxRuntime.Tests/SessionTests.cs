using System.Runtime.InteropServices;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Testing;

namespace OnnxCompress.OnnxRuntime.Tests;

public sealed class SessionTests
{
    private static readonly OrtRuntime Runtime = new();

    public static TheoryData<ElementType, Array> Values => new()
    {
        { ElementType.Float, new[] { 1.5f, -2, float.MaxValue } },
        { ElementType.Double, new[] { 1.5, -2, double.MaxValue } },
        { ElementType.Float16, new[] { (Half)1.5f, (Half)(-2), Half.MaxValue } },
        { ElementType.Int64, new[] { 1L, -2, long.MaxValue } },
        { ElementType.Int32, new[] { 1, -2, int.MaxValue } },
        { ElementType.Int16, new short[] { 1, -2, short.MaxValue } },
        { ElementType.Int8, new sbyte[] { 1, -2, sbyte.MaxValue } },
        { ElementType.UInt8, new byte[] { 1, 2, byte.MaxValue } },
        { ElementType.UInt16, new ushort[] { 1, 2, ushort.MaxValue } },
        { ElementType.UInt32, new uint[] { 1, 2, uint.MaxValue } },
        { ElementType.UInt64, new ulong[] { 1, 2, ulong.MaxValue } },
        { ElementType.Bool, new[] { true, false, true } },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_build_without_CUDA_says_so_when_it_is_asked_for()
    {
        Assert.False(OrtRuntime.Has(ExecutionProvider.Cuda));

        var refused = Assert.Throws<OnnxCompressException>(
            () => new OrtRuntime(ExecutionProvider.Cuda).Open(SmallModels.OneNode("Identity", ElementType.Float), new SessionSettings(1)));

        Assert.Equal(DiagnosticCodes.DeviceAbsent, refused.Diagnostic.Code);
        Assert.Contains("CUDA", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void Every_element_type_passes_through_unchanged(ElementType type, Array values)
    {
        using var session = Runtime.Open(SmallModels.OneNode("Identity", type), new SessionSettings(1));

        using var result = session.Run([new HostTensor("x", type, [3], values)], ["y"], Token);

        Assert.Equal(type, result.Type(0));
        Assert.Equal([3L], result.Dims(0));
        Assert.Equal(values, Read(result, type));
    }

    [Fact]
    public void Results_do_not_depend_on_where_in_memory_an_input_lies()
    {
        // Sums that are not exact: another order of the terms gives another last bit.
        var values = Enumerable.Range(1, 4001).Select(i => 1f / i).ToArray();
        using var session = Runtime.Open(SmallModels.OneNode("ReduceSum", ElementType.Float), new SessionSettings(1));
        var places = new HashSet<long>();
        var sums = new HashSet<int>();
        for (var attempt = 0; attempt < 64; attempt++)
        {
            _ = GC.AllocateUninitializedArray<byte>(1 + attempt, pinned: true);
            var moved = GC.AllocateUninitializedArray<float>(values.Length, pinned: true);
            values.CopyTo(moved.AsSpan());
            places.Add(Marshal.UnsafeAddrOfPinnedArrayElement(moved, 0) % 64);

            using var result = session.Run([new HostTensor("x", ElementType.Float, [values.Length], moved)], ["y"], Token);

            sums.Add(BitConverter.SingleToInt32Bits(result.Values<float>(0)[0]));
        }

        Assert.True(places.Count > 2);
        Assert.Single(sums);
    }

    [Fact]
    public void Inputs_and_outputs_are_described_as_the_model_declares_them()
    {
        using var session = Runtime.Open(OnnxModel.Load(SampleFiles.Model), new SessionSettings(1));

        Assert.Equal("image: Float[batch,1,28,28]", Assert.Single(session.Inputs).ToString());
        Assert.Equal("logits: Float[batch,20]", Assert.Single(session.Outputs).ToString());
    }

    [Fact]
    public void A_model_with_an_unknown_operator_is_refused_with_the_runtimes_own_words()
    {
        var model = SmallModels.OneNode("NoSuchOperator", ElementType.Float);

        var error = Assert.Throws<OnnxCompressException>(() => Runtime.Open(model, new SessionSettings(1)));

        Assert.Equal(DiagnosticCodes.RuntimeRefusedModel, error.Diagnostic.Code);
        Assert.Contains("NoSuchOperator", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_of_the_wrong_rank_is_a_failed_run()
    {
        using var session = Runtime.Open(SmallModels.OneNode("Relu", ElementType.Float), new SessionSettings(1));

        var error = Assert.Throws<OnnxCompressException>(() =>
            session.Run([new HostTensor("x", ElementType.Float, [1, 3], new float[3])], ["y"], Token));

        Assert.Equal(DiagnosticCodes.RunFailed, error.Diagnostic.Code);
    }

    [Fact]
    public void A_cancelled_run_is_cancelled_and_not_failed()
    {
        using var session = Runtime.Open(SmallModels.OneNode("Relu", ElementType.Float), new SessionSettings(1));

        Assert.ThrowsAny<OperationCanceledException>(() =>
            session.Run([new HostTensor("x", ElementType.Float, [3], new float[3])], ["y"], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void An_empty_output_is_an_empty_span()
    {
        using var session = Runtime.Open(SmallModels.OneNode("Relu", ElementType.Float), new SessionSettings(1));

        using var result = session.Run([new HostTensor("x", ElementType.Float, [0], Array.Empty<float>())], ["y"], Token);

        Assert.True(result.Values<float>(0).IsEmpty);
    }

    private static Array Read(RunResult result, ElementType type) => type switch
    {
        ElementType.Float => result.Values<float>(0).ToArray(),
        ElementType.Double => result.Values<double>(0).ToArray(),
        ElementType.Float16 => result.Values<Half>(0).ToArray(),
        ElementType.Int64 => result.Values<long>(0).ToArray(),
        ElementType.Int32 => result.Values<int>(0).ToArray(),
        ElementType.Int16 => result.Values<short>(0).ToArray(),
        ElementType.Int8 => result.Values<sbyte>(0).ToArray(),
        ElementType.UInt8 => result.Values<byte>(0).ToArray(),
        ElementType.UInt16 => result.Values<ushort>(0).ToArray(),
        ElementType.UInt32 => result.Values<uint>(0).ToArray(),
        ElementType.UInt64 => result.Values<ulong>(0).ToArray(),
        _ => result.Values<bool>(0).ToArray(),
    };
}
