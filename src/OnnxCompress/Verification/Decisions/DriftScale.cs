namespace OnnxCompress.Verification.Decisions;

/// <summary>On which scale the drift of an output is stretched.</summary>
internal enum DriftScale
{
    /// <summary>As the output is: logits, boxes, vectors.</summary>
    Plain,

    /// <summary>By logarithms: probabilities of classes, which a network adds up before its softmax.</summary>
    Logarithm,

    /// <summary>By log odds: probabilities of single things, which a network adds up before its sigmoid.</summary>
    LogOdds,
}
