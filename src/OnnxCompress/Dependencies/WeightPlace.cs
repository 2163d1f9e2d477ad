namespace OnnxCompress.Dependencies;

/// <summary>What the tool can do about a weight.</summary>
internal enum WeightPlace
{
    /// <summary>A channel group thins it out.</summary>
    InGroup,

    /// <summary>Its channels stay, but a split takes it.</summary>
    OnlySplittable,

    /// <summary>It is stored as integers already.</summary>
    Quantised,

    /// <summary>It stays as it is, for a reason.</summary>
    Refused,

    /// <summary>No layer multiplies with it.</summary>
    NotWeight,
}
