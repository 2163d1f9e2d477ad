using Microsoft.ML.OnnxRuntime;
using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.OnnxRuntime;

/// <summary>Runs models in ONNX Runtime on the CPU.</summary>
public sealed class OrtRuntime : IModelRuntime
{
    /// <inheritdoc />
    public string Version => $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}";

    /// <inheritdoc />
    public IModelSession Open(OnnxModel model, SessionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = settings.Optimize ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = settings.Threads,
            // What goes wrong comes as an exception; the runtime would write it to stderr as well.
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        // Spinning threads would burn the cores that the linear algebra between two runs needs.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", settings.Spin ? "1" : "0");
        try
        {
            return new OrtSession(model.FitsOneMessage ? new InferenceSession(model.ToBytes(), options) : OpenFromFile(model, options));
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.RuntimeRefusedModel,
                $"{Version} cannot load the model '{model.SourcePath ?? "in memory"}': {FirstLine(e.Message)}",
                e);
        }
    }

    internal static string FirstLine(string message) => message.Split('\n', 2)[0].Trim();

    /// <summary>A model over 2 GB reaches the runtime only as a file with a side file.</summary>
    private static InferenceSession OpenFromFile(OnnxModel model, SessionOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("onnx-compress-");
        try
        {
            var path = Path.Combine(folder.FullName, "model.onnx");
            model.Save(path);
            return new InferenceSession(path, options);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
