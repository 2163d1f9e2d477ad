using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using ElementType = OnnxCompress.Models.ElementType;

namespace OnnxCompress.OnnxRuntime;

/// <summary>
/// The inputs of one run, copied to memory that begins at a cache line. Sums in the runtime add terms in an order that depends
/// on where the first one lies, and an array of .NET lies anywhere: the last bits would change from run to run.
/// </summary>
internal sealed unsafe class FedInputs : IDisposable
{
    private readonly FeedMemory _pool;
    private readonly List<(nint Memory, int Bytes)> _memory = [];
    private readonly List<OrtValue> _values = [];

    /// <summary>Copies the inputs.</summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="pool">Lends the memory.</param>
    /// <exception cref="OnnxCompressException">OCX3003: an input's type is none that numbers in memory can have.</exception>
    public FedInputs(IReadOnlyList<HostTensor> inputs, FeedMemory pool)
    {
        _pool = pool;
        Names = [.. inputs.Select(input => input.Name)];
        try
        {
            foreach (var input in inputs)
            {
                _values.Add(Copy(input));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Names of the inputs.</summary>
    public string[] Names { get; }

    /// <summary>Values, in the order of <see cref="Names"/>.</summary>
    public IReadOnlyCollection<OrtValue> Values => _values;

    /// <inheritdoc />
    public void Dispose()
    {
        _values.ForEach(value => value.Dispose());
        _memory.ForEach(memory => _pool.GiveBack(memory.Memory, memory.Bytes));
        _values.Clear();
        _memory.Clear();
    }

    private OrtValue Copy(HostTensor input)
    {
        if (input.Type == ElementType.Text)
        {
            // Only empty ones are ever fed: strings are not read from files.
            return OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, [.. input.Dims]);
        }

        var size = input.Type.SizeInBytes();
        if (size == 0)
        {
            throw new OnnxCompressException(DiagnosticCodes.RunFailed, $"Input '{input.Name}' is {input.Type}, which this tool cannot feed.");
        }

        var bytes = checked((int)(input.Count * size));
        var memory = _pool.Lend(bytes);
        _memory.Add((memory, bytes));
        input.Bytes.CopyTo(new((void*)memory, bytes));
        return OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, (TensorElementType)(int)input.Type, [.. input.Dims], memory, bytes);
    }
}
