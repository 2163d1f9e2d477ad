namespace OnnxCompress.Samples.Images;

/// <summary>How pictures are resized. When a picture shrinks, each filter grows with it, so that every pixel counts (no aliasing).</summary>
public enum ResizeFilter
{
    /// <summary>A triangle, one pixel to each side; when a picture grows, bilinear interpolation.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = -0.5, two pixels to each side.</summary>
    Bicubic,

    /// <summary>A sinc in a window of three pixels to each side.</summary>
    Lanczos,
}
