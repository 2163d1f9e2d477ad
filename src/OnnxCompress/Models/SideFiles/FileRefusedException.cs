namespace OnnxCompress.Models;

/// <summary>A file that is not read, whatever it holds.</summary>
/// <param name="code">OCX and four digits.</param>
/// <param name="reason">A clause: what is wrong with the file.</param>
internal sealed class FileRefusedException(string code, string reason) : IOException(reason)
{
    /// <summary>OCX and four digits.</summary>
    public string Code => code;
}
