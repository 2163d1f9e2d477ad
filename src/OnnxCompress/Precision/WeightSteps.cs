namespace OnnxCompress.Precision;

/// <summary>The steps of a layer's weights.</summary>
internal sealed class WeightSteps
{
    private readonly int _block;

    /// <summary>Steps that are not known yet.</summary>
    /// <param name="outputs">Output channels.</param>
    /// <param name="columns">Inputs of each, times the kernel.</param>
    /// <param name="block">Inputs that share a step; 0: all of a channel.</param>
    public WeightSteps(int outputs, int columns, int block)
    {
        _block = block == 0 ? Math.Max(1, columns) : block;
        Blocks = Math.Max(1, (columns + _block - 1) / _block);
        Values = new float[outputs * Blocks];
    }

    /// <summary>One step for each output channel.</summary>
    public WeightSteps(float[] steps) => (Values, Blocks, _block) = (steps, 1, int.MaxValue);

    /// <summary>Steps of one output channel.</summary>
    public int Blocks { get; }

    /// <summary><c>outputs x blocks</c>.</summary>
    public float[] Values { get; }

    /// <summary>The step of a weight.</summary>
    public float this[int output, int column]
    {
        get => Values[(output * Blocks) + (column / _block)];
        set => Values[(output * Blocks) + (column / _block)] = value;
    }

    /// <summary>The steps of all groups of a layer.</summary>
    public static WeightSteps Joined(IReadOnlyList<WeightSteps> groups) => groups.Count == 1 ? groups[0] : new([.. groups.SelectMany(g => g.Values)]);
}
