using System.IO.Compression;
using System.Reflection.PortableExecutable;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>What lies in a package.</summary>
internal sealed class PackedFiles : IDisposable
{
    private readonly ZipArchive _package;

    /// <summary>Opens a package.</summary>
    public PackedFiles(FileInfo file) => _package = ZipFile.OpenRead(file.FullName);

    /// <summary>All names, with their folders.</summary>
    public string[] Names => [.. _package.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal)];

    /// <summary>Libraries without managed code.</summary>
    public string[] Natives => [.. Names.Where(IsNative)];

    /// <summary>A file's bytes.</summary>
    public byte[] Bytes(string name)
    {
        using var stream = (_package.GetEntry(name) ?? throw new FileNotFoundException(name)).Open();
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    /// <summary>A file's text.</summary>
    public string Text(string name)
    {
        using var reader = new StreamReader(new MemoryStream(Bytes(name)));
        return reader.ReadToEnd();
    }

    /// <inheritdoc />
    public void Dispose() => _package.Dispose();

    private bool IsNative(string name) => Path.GetExtension(name) switch
    {
        ".so" or ".dylib" => true,
        ".dll" or ".exe" => !HasManagedCode(Bytes(name)),
        _ => false,
    };

    private static bool HasManagedCode(byte[] bytes)
    {
        using var image = new PEReader(new MemoryStream(bytes));
        return image.HasMetadata;
    }
}
