namespace OnnxCompress.Verification.Decisions;

/// <summary>How far regions of each class overlap with those of the original, over all pixels.</summary>
internal sealed class ClassOverlap
{
    private readonly Dictionary<long, (long Both, long Either)> _classes = [];

    /// <summary>Intersection over union, mean over the classes that either model found; 1 where there were none.</summary>
    public double Mean => _classes.Count == 0 ? 1 : _classes.Values.Average(c => (double)c.Both / c.Either);

    /// <summary>Adds a pixel.</summary>
    public void Add(long expected, long actual)
    {
        Add(expected, expected == actual);
        if (expected != actual)
        {
            Add(actual, isBoth: false);
        }
    }

    private void Add(long @class, bool isBoth)
    {
        var (both, either) = _classes.GetValueOrDefault(@class);
        _classes[@class] = (both + (isBoth ? 1 : 0), either + 1);
    }
}
