namespace OnnxCompress.Reporting.Shown;

/// <summary>A picture in a report.</summary>
/// <param name="Width">Width of what it stands for, in pixels: boxes are drawn in these.</param>
/// <param name="Height">Its height.</param>
/// <param name="Png">The picture, made smaller where it is large.</param>
internal sealed record ShownPicture(int Width, int Height, byte[] Png);
