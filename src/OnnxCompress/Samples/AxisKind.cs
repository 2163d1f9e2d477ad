namespace OnnxCompress.Samples;

/// <summary>What a dynamic axis counts, as far as it can be told.</summary>
internal enum AxisKind
{
    /// <summary>Tokens, frames, steps, or something unknown.</summary>
    Length,

    /// <summary>What a decoder has kept of earlier steps.</summary>
    Past,

    /// <summary>Rows of pictures.</summary>
    Height,

    /// <summary>Columns of pictures.</summary>
    Width,

    /// <summary>Colours of pictures.</summary>
    Channels,

    /// <summary>What a weight beside it says: its size stands for which of the weight's sides is taken.</summary>
    Weighed,

    /// <summary>Values of a piece of sound, beside a rate or a state.</summary>
    Chunk,

    /// <summary>Values of a whole recording.</summary>
    Recording,
}
