using OnnxCompress.Models;

namespace OnnxCompress.Running;

/// <summary>The seam to the inference engine; <c>OnnxCompress.OnnxRuntime</c> implements it.</summary>
public interface IModelRuntime
{
    /// <summary>Name and version, for instance <c>ONNX Runtime 1.29.0</c>.</summary>
    string Version { get; }

    /// <summary>Loads a model.</summary>
    /// <param name="model">The model as it stands in memory; later edits do not reach the session.</param>
    /// <param name="settings">Threads and optimisation.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX1007: the runtime refused the model.</exception>
    IModelSession Open(OnnxModel model, SessionSettings settings);
}
