namespace OnnxCompress.Models;

/// <summary>What a file is, as the file system states it.</summary>
/// <param name="kind">What it is.</param>
/// <param name="length">Bytes.</param>
/// <param name="device">The file system it lies on.</param>
/// <param name="number">Its number there (inode): equal for all hard links of a file.</param>
/// <param name="owner">The user it belongs to.</param>
/// <param name="permissions">Who may read, write and run it: the lowest nine bits.</param>
internal sealed class FileStatus(FileKind kind, long length, ulong device, ulong number, uint owner, int permissions)
{
    /// <summary>What it is.</summary>
    public FileKind Kind => kind;

    /// <summary>Bytes.</summary>
    public long Length => length;

    /// <summary>The file system it lies on.</summary>
    public ulong Device => device;

    /// <summary>Its number there (inode): equal for all hard links of a file.</summary>
    public ulong Number => number;

    /// <summary>The user it belongs to.</summary>
    public uint Owner => owner;

    /// <summary>Whether others than the owner may write it.</summary>
    public bool OthersMayWrite => (permissions & 0x12) != 0;
}
