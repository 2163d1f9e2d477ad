namespace OnnxCompress.MSBuild;

/// <summary>An item says something that cannot be used.</summary>
/// <param name="message">What is wrong and what is right; the item's name is put before it.</param>
public sealed class InvalidItemException(string message) : Exception(message);
