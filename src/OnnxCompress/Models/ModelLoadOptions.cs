namespace OnnxCompress.Models;

/// <summary>What loading a model may touch.</summary>
/// <param name="AllowExternalOutside">Whether external data may lie outside the model's folder. A model from elsewhere
/// could otherwise name any file of the user's.</param>
public sealed record ModelLoadOptions(bool AllowExternalOutside = false)
{
    /// <summary>
    /// Whether initializers that a model of IR version 3 or older lists as inputs are really fed. Those versions list all of
    /// them, and the runtime does not let a caller replace them: unless this is set they are constants like any other.
    /// </summary>
    public bool InputsStay { get; init; }
}
