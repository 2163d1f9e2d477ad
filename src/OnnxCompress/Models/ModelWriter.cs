using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>Writes a model in its place, see <see cref="StagedModel"/>.</summary>
internal static class ModelWriter
{
    /// <summary>Writes a model into one file.</summary>
    /// <exception cref="IOException">It cannot be written; nothing was replaced.</exception>
    public static void Save(ModelProto proto, string target) => Put(StagedModel.Write(proto, null, target));

    /// <summary>Writes a model as it stands in another file.</summary>
    /// <exception cref="IOException">It cannot be written; nothing was replaced.</exception>
    public static void Save(Stream from, string target)
    {
        using var files = new AtomicFiles();
        using (var stream = new FileStream(files.Add(target), FileMode.Create, FileAccess.Write, FileShare.None))
        {
            from.CopyTo(stream);
            stream.Flush(flushToDisk: true);
        }

        files.Commit();
    }

    /// <summary>Writes a model with some of its tensors in <c>&lt;name&gt;.data</c>.</summary>
    /// <param name="proto">The model; not changed.</param>
    /// <param name="isExternal">Which tensors lie apart.</param>
    /// <param name="target">The model's file.</param>
    /// <exception cref="IOException">It cannot be written; nothing was replaced.</exception>
    public static void SaveApart(ModelProto proto, Func<TensorProto, bool> isExternal, string target) => Put(StagedModel.Write(proto, isExternal, target));

    private static void Put(StagedModel model)
    {
        using (model)
        {
            model.Commit();
        }
    }
}
