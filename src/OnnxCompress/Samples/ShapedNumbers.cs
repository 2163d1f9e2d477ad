using System.Runtime.InteropServices;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Numbers read from text, sample after sample; whole numbers stay whole, because token ids and classes are.</summary>
internal sealed class ShapedNumbers
{
    private const double LargestExact = 1L << 53;

    private readonly List<double> _values = [];
    private readonly List<IReadOnlyList<long>> _dims = [];
    private bool _whole = true;

    /// <summary>Samples so far.</summary>
    public int Count => _dims.Count;

    /// <summary>Adds one number to the sample that is being read.</summary>
    public void Add(double value)
    {
        _values.Add(value);
        _whole &= value == Math.Floor(value) && Math.Abs(value) <= LargestExact;
    }

    /// <summary>Ends a sample.</summary>
    public void End(IReadOnlyList<long> dims) => _dims.Add(_dims.Count > 0 && _dims[^1].SequenceEqual(dims) ? _dims[^1] : dims);

    /// <summary>All samples.</summary>
    /// <param name="name">The file, for messages.</param>
    /// <param name="key">The input's name inside the file; empty for none.</param>
    /// <param name="table">Whether they are rows of a table.</param>
    public MemoryArray ToArray(string name, string key, bool table)
    {
        var values = CollectionsMarshal.AsSpan(_values);
        var bytes = new byte[checked(values.Length * sizeof(double))];
        if (_whole)
        {
            var longs = MemoryMarshal.Cast<byte, long>(bytes.AsSpan());
            for (var i = 0; i < values.Length; i++)
            {
                longs[i] = (long)values[i];
            }
        }
        else
        {
            MemoryMarshal.AsBytes(values).CopyTo(bytes);
        }

        return new(name, key, _whole ? ElementType.Int64 : ElementType.Double, _dims, bytes) { IsTable = table };
    }
}
