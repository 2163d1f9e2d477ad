using System.Numerics;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Verification;

/// <summary>One output of a run, widened to double; the memory is used again by the next run.</summary>
internal sealed class OutputValues
{
    private double[] _values = [];

    /// <summary>The values, row-major.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, Length);

    /// <summary>Their shape.</summary>
    public IReadOnlyList<long> Dims { get; private set; } = [];

    /// <summary>Element type in the model.</summary>
    public ElementType Type { get; private set; }

    private int Length { get; set; }

    /// <summary>Whether values of this type can be compared as numbers.</summary>
    public static bool IsNumeric(ElementType type) => type.IsFloatingPoint() ? type != ElementType.BFloat16 : type.SizeInBytes() > 0;

    /// <summary>Takes an output's values over.</summary>
    public void Read(RunResult run, int index)
    {
        (Dims, Type) = (run.Dims(index), run.Type(index));
        switch (Type)
        {
            case ElementType.Float:
                Widen(run.Values<float>(index));
                break;
            case ElementType.Double:
                Widen(run.Values<double>(index));
                break;
            case ElementType.Float16:
                Widen(run.Values<Half>(index));
                break;
            case ElementType.Int64:
                Widen(run.Values<long>(index));
                break;
            case ElementType.Int32:
                Widen(run.Values<int>(index));
                break;
            case ElementType.Int16:
                Widen(run.Values<short>(index));
                break;
            case ElementType.Int8:
                Widen(run.Values<sbyte>(index));
                break;
            case ElementType.UInt8:
                Widen(run.Values<byte>(index));
                break;
            case ElementType.UInt16:
                Widen(run.Values<ushort>(index));
                break;
            case ElementType.UInt32:
                Widen(run.Values<uint>(index));
                break;
            case ElementType.UInt64:
                Widen(run.Values<ulong>(index));
                break;
            case ElementType.Bool:
                Widen(run.Values<bool>(index));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(run), Type, "Not a numeric element type.");
        }
    }

    /// <summary>The part of the values that belongs to the first samples of a batch; all of them when there is no batch axis.</summary>
    public ReadOnlySpan<double> OfFirst(int samples, int batch) =>
        Dims.Count > 0 && Dims[0] == batch ? Values[..(Length / batch * samples)] : Values;

    private void Widen<T>(ReadOnlySpan<T> from)
        where T : unmanaged, INumberBase<T>
    {
        Reserve(from.Length);
        for (var i = 0; i < from.Length; i++)
        {
            _values[i] = double.CreateTruncating(from[i]);
        }
    }

    private void Widen(ReadOnlySpan<bool> from)
    {
        Reserve(from.Length);
        for (var i = 0; i < from.Length; i++)
        {
            _values[i] = from[i] ? 1 : 0;
        }
    }

    private void Reserve(int length)
    {
        Length = length;
        if (_values.Length < length)
        {
            _values = new double[length];
        }
    }
}
