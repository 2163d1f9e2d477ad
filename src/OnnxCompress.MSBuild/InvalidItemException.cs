namespace OnnxCompress.MSBuild;

/// <summary>An item says something that cannot be used.</summary>
/// <param name="message">What is wrong and what is right; the item's name is put before it.</param>
/// <param name="code">OCX and four digits.</param>
public sealed class InvalidItemException(string message, string code = BuildCodes.ItemInvalid) : Exception(message)
{
    /// <summary>OCX and four digits.</summary>
    public string Code => code;
}
