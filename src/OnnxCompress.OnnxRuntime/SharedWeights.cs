using System.Buffers;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxCompress.Models;

namespace OnnxCompress.OnnxRuntime;

/// <summary>Weights that a session reads where the model holds them; they must stay until the session has gone.</summary>
internal sealed class SharedWeights : IDisposable
{
    /// <summary>What a model calls the file of constants that come from memory.</summary>
    public const string Location = "memory";

    private readonly List<MemoryHandle> _pins = [];
    private readonly List<(string Name, OrtValue Value)> _values = [];

    /// <summary>Holds the weights in place.</summary>
    public unsafe SharedWeights(IReadOnlyList<(string Name, ElementType Type, long[] Dims, ReadOnlyMemory<byte> Data)> constants)
    {
        foreach (var (name, type, dims, data) in constants)
        {
            var pin = data.Pin();
            _pins.Add(pin);
            _values.Add((name, OrtValue.CreateTensorValueWithData(
                OrtMemoryInfo.DefaultInstance, (TensorElementType)(int)type, dims, (nint)pin.Pointer, data.Length)));
        }
    }

    /// <summary>Gives the weights to a session that is about to be made.</summary>
    public void AddTo(SessionOptions options) => _values.ForEach(v => options.AddInitializer(v.Name, v.Value));

    /// <inheritdoc />
    public void Dispose()
    {
        _values.ForEach(v => v.Value.Dispose());
        _pins.ForEach(p => p.Dispose());
        _values.Clear();
        _pins.Clear();
    }
}
