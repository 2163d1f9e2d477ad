namespace OnnxCompress.Models;

/// <summary>What a path names.</summary>
internal enum FileKind
{
    /// <summary>Nothing, or nothing that can be looked at.</summary>
    Missing,

    /// <summary>A file with content of its own.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A device, a FIFO or a socket.</summary>
    Special,
}
