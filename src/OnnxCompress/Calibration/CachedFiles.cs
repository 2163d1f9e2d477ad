namespace OnnxCompress.Calibration;

/// <summary>Files of one kind that runs leave for each other in a folder.</summary>
internal static class CachedFiles
{
    /// <summary>
    /// Writes a file; those that were not used for longest are deleted beyond a size. A cache that cannot be written is no reason to fail:
    /// the next run is slower, that is all.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="prefix">What the names of its kind begin with.</param>
    /// <param name="mostBytes">All of them together take no more.</param>
    /// <param name="write">Writes it, whole or not at all.</param>
    public static void Keep(string path, string prefix, long mostBytes, Action<string> write)
    {
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            Directory.CreateDirectory(folder);
            write(path);
            var total = 0L;
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles($"{prefix}*").OrderByDescending(f => f.LastWriteTimeUtc))
            {
                total += file.Length;
                if (total > mostBytes)
                {
                    file.Delete();
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Full, read-only, or another process is at work on the same file.
        }
    }
}
