using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.OnnxRuntime;

/// <summary>Runs models in ONNX Runtime.</summary>
/// <param name="provider">Where; what is not in this build or has no driver is refused when the first model is opened.</param>
public sealed class OrtRuntime(ExecutionProvider provider = ExecutionProvider.Cpu) : IModelRuntime
{
    /// <summary>Bytes of models that the runtime gets as one message, with their weights.</summary>
    private const long LargestCopied = 256 << 20;

    private static OrtEnv Runtime => RuntimeTelemetry.IsOff ? OrtEnv.Instance() : throw new UnreachableException();

    /// <inheritdoc />
    public string Version => $"ONNX Runtime {Runtime.GetVersionString()}{(provider == ExecutionProvider.Cuda ? " (CUDA)" : "")}";

    /// <summary>Whether this build's ONNX Runtime has a provider; says nothing about drivers.</summary>
    public static bool Has(ExecutionProvider provider) =>
        provider == ExecutionProvider.Cpu || Runtime.GetAvailableProviders().Contains("CUDAExecutionProvider", StringComparer.Ordinal);

    /// <inheritdoc />
    public IModelSession Open(OnnxModel model, SessionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        _ = Runtime;
        SignalStack.Widen(); // opening runs what is constant
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
        Choose(options);
        try
        {
            var session = model.Bytes <= LargestCopied ? new OrtSession(model.ToBytes(), options, []) : OpenShared(model, options);
            session.RunsInCallingThread = provider == ExecutionProvider.Cpu && settings.Threads == 1;
            return session;
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

    private void Choose(SessionOptions options)
    {
        if (provider == ExecutionProvider.Cpu)
        {
            return;
        }

        try
        {
            options.AppendExecutionProvider_CUDA();
        }
        catch (Exception absent) when (absent is OnnxRuntimeException or EntryPointNotFoundException or DllNotFoundException)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.DeviceAbsent, $"{Version} cannot run models on a CUDA device: {FirstLine(absent.Message)} It needs a build for GPUs, an NVIDIA driver, CUDA and cuDNN.", absent);
        }
    }
}
