using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>Rows of all groups of a layer that wait to be summed; its memory serves one layer after the other.</summary>
/// <param name="mostHeld">Floats of rows that may be held until a layer is solved, both folds together.</param>
internal sealed class FitBuffer(long mostHeld = long.MaxValue)
{
    private float[] _values = [];
    private int _width, _groups;

    /// <summary>Floats of rows that may be held until a layer is solved, both folds together.</summary>
    public long MostHeld => mostHeld;

    /// <summary>Rows there is room for.</summary>
    public int Capacity { get; private set; }

    /// <summary>Rows gathered, the same in every group.</summary>
    public int Rows { get; set; }

    /// <summary>Begins anew.</summary>
    /// <param name="capacity">Rows there shall be room for.</param>
    /// <param name="width">Columns of a group.</param>
    /// <param name="groups">Groups of the layer.</param>
    public void Begin(int capacity, int width, int groups)
    {
        (Rows, Capacity, _width, _groups) = (0, capacity, width, groups);
        var size = checked(capacity * width * groups);
        if (_values.Length < size)
        {
            _values = GC.AllocateUninitializedArray<float>(size);
        }
    }

    /// <summary>Makes room for more rows than there was; nothing may be gathered.</summary>
    public void Widen(int capacity) => Begin(Math.Max(Capacity, capacity), _width, _groups);

    /// <summary>Rows of a group.</summary>
    public MatrixView<float> Window(int group, int row, int count) =>
        new(_values.AsSpan(((group * Capacity) + row) * _width, count * _width), count, _width);
}
