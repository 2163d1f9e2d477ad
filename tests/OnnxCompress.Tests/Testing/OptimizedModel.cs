using Microsoft.ML.OnnxRuntime;
using OnnxCompress.Models;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Testing;

/// <summary>What ONNX Runtime makes of a model.</summary>
internal static class OptimizedModel
{
    /// <summary>The operators that it runs.</summary>
    public static List<string> Operators(OnnxModel model)
    {
        using var folder = new TemporaryFolder();
        Assert.StartsWith("ONNX Runtime", ModelRunner.Runtime.Version, StringComparison.Ordinal);
        using var options = new SessionOptions { OptimizedModelFilePath = folder.File("optimized.onnx"), GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using var session = new InferenceSession(model.ToBytes(), options);
        return [.. OnnxModel.Load(folder.File("optimized.onnx")).Graph.Nodes.Select(n => n.OpType)];
    }
}
