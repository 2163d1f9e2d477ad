using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Models;

namespace OnnxCompress.MSBuild;

/// <summary>What a finished model was made from, by content: a checkout changes times, not content, and compressing takes minutes.</summary>
internal static class ContentStamp
{
    /// <summary>The hash of everything that the result depends on.</summary>
    /// <param name="inputs">Files, in order.</param>
    /// <param name="open">Opens one of them.</param>
    /// <param name="responseText">The options.</param>
    /// <param name="projectFolder">Left out of the options, so that another checkout has the same hash.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="FileRefusedException">A file is not one that is read.</exception>
    public static string Compute(IEnumerable<string> inputs, Func<string, RegularFile> open, string responseText, string projectFolder, CancellationToken cancellation)
    {
        using var all = SHA256.Create();
        Add(all, Encoding.UTF8.GetBytes(responseText.Replace(projectFolder, ".")));
        foreach (var path in inputs)
        {
            cancellation.ThrowIfCancellationRequested();
            using var one = SHA256.Create();
            if (File.Exists(path))
            {
                using var file = open(path);
                Add(all, one.ComputeHash(file.Stream));
            }
        }

        _ = all.TransformFinalBlock([], 0, 0);
        return BuildPaths.Hex(all.Hash!);
    }

    private static void Add(HashAlgorithm hash, byte[] bytes)
    {
        var length = BitConverter.GetBytes((long)bytes.Length);
        _ = hash.TransformBlock(length, 0, length.Length, null, 0);
        _ = hash.TransformBlock(bytes, 0, bytes.Length, null, 0);
    }
}
