namespace OnnxCompress.Models;

/// <summary>What a file is.</summary>
/// <param name="isRegular">Whether it holds bytes on a file system, and is no device, FIFO, socket or folder.</param>
/// <param name="isFolder">Whether it is a folder.</param>
/// <param name="length">Bytes, as the file system states them.</param>
internal sealed class FileStatus(bool isRegular, bool isFolder, long length)
{
    /// <summary>Whether it holds bytes on a file system, and is no device, FIFO, socket or folder.</summary>
    public bool IsRegular => isRegular;

    /// <summary>Whether it is a folder.</summary>
    public bool IsFolder => isFolder;

    /// <summary>Bytes, as the file system states them.</summary>
    public long Length => length;
}
