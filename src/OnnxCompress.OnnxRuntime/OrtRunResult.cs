using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.OnnxRuntime;

/// <summary>The outputs of one run, read in place.</summary>
internal sealed class OrtRunResult(IDisposableReadOnlyCollection<OrtValue> values) : RunResult
{
    /// <inheritdoc />
    public override IReadOnlyList<long> Dims(int index) => values[index].GetTensorTypeAndShape().Shape;

    /// <inheritdoc />
    public override ElementType Type(int index) => OrtSession.FromOrt(values[index].GetTensorTypeAndShape().ElementDataType);

    /// <inheritdoc />
    public override ReadOnlySpan<T> Values<T>(int index)
    {
        // The runtime answers an empty tensor with a null pointer.
        if (values[index].GetTensorTypeAndShape().ElementCount == 0)
        {
            return [];
        }

        // Its type for 16-bit floats has the same bits under another name.
        return typeof(T) == typeof(Half)
            ? MemoryMarshal.Cast<Float16, T>(values[index].GetTensorDataAsSpan<Float16>())
            : values[index].GetTensorDataAsSpan<T>();
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            values.Dispose();
        }
    }
}
