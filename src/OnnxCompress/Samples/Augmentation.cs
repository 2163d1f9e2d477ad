namespace OnnxCompress.Samples;

/// <summary>How copies of pictures are changed that statistics are taken from beside the pictures themselves.</summary>
public enum Augmentation
{
    /// <summary>Left and right change places.</summary>
    Flip,

    /// <summary>Moved by up to an eighth of height and width, the edge repeated: a crop out of the padded picture.</summary>
    Crop,
}
