namespace OnnxCompress.Testing;

/// <summary>A folder of a test's own, removed with everything in it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>Creates an empty folder.</summary>
    public TemporaryFolder() => Root = Directory.CreateTempSubdirectory("onnx-compress-test-").FullName;

    /// <summary>Its path.</summary>
    public string Root { get; }

    /// <summary>A path in it.</summary>
    public string File(string name) => Path.Combine(Root, name);

    /// <summary>Writes a file in it.</summary>
    public string Write(string name, byte[] content)
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return File(name);
    }

    /// <inheritdoc />
    public void Dispose() => Directory.Delete(Root, recursive: true);
}
