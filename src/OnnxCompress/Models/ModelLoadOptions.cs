namespace OnnxCompress.Models;

/// <summary>What loading a model may touch.</summary>
/// <param name="AllowExternalOutside">Whether external data may lie outside the model's folder. A model from elsewhere
/// could otherwise name any file of the user's.</param>
public sealed record ModelLoadOptions(bool AllowExternalOutside = false);
