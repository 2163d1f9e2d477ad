namespace OnnxCompress.Samples;

/// <summary>In which order the axes of images are stored.</summary>
public enum TensorLayout
{
    /// <summary>Sample, channel, row, column.</summary>
    Nchw,

    /// <summary>Sample, row, column, channel.</summary>
    Nhwc,
}
