using Microsoft.ML.OnnxRuntime;
using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.OnnxRuntime;

/// <summary>Runs models in ONNX Runtime on the CPU.</summary>
public sealed class OrtRuntime : IModelRuntime
{
    /// <summary>Bytes of models that the runtime gets as one message, with their weights.</summary>
    private const long LargestCopied = 256 << 20;

    /// <inheritdoc />
    public string Version => $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}";

    /// <inheritdoc />
    public IModelSession Open(OnnxModel model, SessionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        model = model.ForRunning();
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
            return model.Bytes <= LargestCopied ? new OrtSession(model.ToBytes(), options, []) : OpenShared(model, options);
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

    /// <summary>
    /// A large model: its weights stay where they are, where a message would hold them twice more. Over 2 GB nothing is
    /// switched on that would copy them; times of such models are those of the plain graph.
    /// </summary>
    internal static OrtSession OpenShared(OnnxModel model, SessionOptions options)
    {
        if (!model.FitsOneMessage)
        {
            options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
            options.AddSessionConfigEntry("session.disable_prepacking", "1");
        }

        var bytes = model.ToBytesApart(SharedWeights.Location, out var constants);
        return new OrtSession(bytes, options, constants);
    }
}
