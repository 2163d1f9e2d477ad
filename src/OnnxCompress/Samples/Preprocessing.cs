using OnnxCompress.Samples.Images;

namespace OnnxCompress.Samples;

/// <summary>What is done to stored values before a model sees them: <c>(x * scale - mean) / std</c>, per channel.</summary>
/// <param name="Scale">Factor on the stored value, dimensionless; 1/255 brings bytes to [0, 1].</param>
/// <param name="Mean">One value for all channels or one for each; empty means 0.</param>
/// <param name="Std">One value for all channels or one for each, none of them 0; empty means 1.</param>
public sealed record Preprocessing(double Scale, IReadOnlyList<double> Mean, IReadOnlyList<double> Std)
{
    /// <summary>Values as they are stored.</summary>
    public static Preprocessing None { get; } = new(1, [], []);

    /// <summary>What pictures are resized to, before cropping; null leaves their size. Files of numbers are never resized.</summary>
    public ImageSize? Resize { get; init; }

    /// <summary>The filter that pictures are resized with.</summary>
    public ResizeFilter ResizeFilter { get; init; }

    /// <summary>What the middle of pictures is cropped to; null keeps all of them.</summary>
    public ImageSize? Crop { get; init; }

    /// <summary>Whether values pass unchanged.</summary>
    public bool IsIdentity => Scale == 1 && Mean.All(value => value == 0) && Std.All(value => value == 1);
}
