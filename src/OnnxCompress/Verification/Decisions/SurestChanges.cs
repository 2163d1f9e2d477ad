namespace OnnxCompress.Verification.Decisions;

/// <summary>Decisions that changed: the surest of the original's say most, and of equals the first stay.</summary>
internal sealed class SurestChanges
{
    private readonly PriorityQueue<ChangedDecision, (double Margin, int Order)> _kept = new();
    private int _seen;

    /// <summary>Adds one.</summary>
    public void Add(ChangedDecision change)
    {
        _kept.Enqueue(change, (change.OriginalMargin ?? 0, -_seen++));
        if (_kept.Count > VerificationResult.MostChanged)
        {
            _kept.Dequeue();
        }
    }

    /// <summary>The ones that stayed, the surest first.</summary>
    public IReadOnlyList<ChangedDecision> Surest() =>
        [.. _kept.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)];
}
