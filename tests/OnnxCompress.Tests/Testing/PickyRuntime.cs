using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Tests.Testing;

/// <summary>ONNX Runtime, but for models that a test lets fail.</summary>
/// <param name="fails">Whether a model does.</param>
/// <param name="failure">What opening it throws.</param>
internal sealed class PickyRuntime(Func<OnnxModel, bool> fails, Func<Exception> failure) : IModelRuntime
{
    public string Version => ModelRunner.Runtime.Version;

    public IModelSession Open(OnnxModel model, SessionSettings settings) => fails(model) ? throw failure() : ModelRunner.Runtime.Open(model, settings);
}
