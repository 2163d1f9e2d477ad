using Microsoft.Win32.SafeHandles;

namespace OnnxCompress.Models;

/// <summary>
/// The few lines of text that stand for a large file in a repository with Git LFS until the file itself is fetched: the most common
/// reason why a model or its data are no such thing on a build machine. (Specification of Git LFS: the line with the version comes
/// first, and a pointer has less than 1,024 bytes.)
/// </summary>
internal static class LargeFilePointer
{
    /// <summary>What to say of one.</summary>
    public const string Advice = "it is a pointer of Git LFS and not the file itself; 'git lfs pull' fetches it, on a build server the checkout's option for LFS";

    private const int Most = 1024;

    // The version is an address, of which the name is enough.
    private static ReadOnlySpan<byte> Version => "version "u8;

    private static ReadOnlySpan<byte> Name => "git-lfs"u8;

    private static ReadOnlySpan<byte> Content => "\noid sha256:"u8;

    /// <summary>Whether these bytes, all of a file, are one.</summary>
    public static bool IsOne(ReadOnlySpan<byte> bytes) =>
        bytes.Length < Most && bytes.StartsWith(Version) && bytes.IndexOf(Name) > 0 && bytes.IndexOf(Content) > 0;

    /// <summary>Whether a file is one.</summary>
    /// <param name="file">Open for reading; its position does not matter and stays.</param>
    /// <param name="length">Its length in bytes.</param>
    public static bool IsOne(SafeFileHandle file, long length)
    {
        if (length >= Most)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[(int)length];
        return RandomAccess.Read(file, bytes, 0) == length && IsOne(bytes);
    }
}
