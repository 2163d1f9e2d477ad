namespace OnnxCompress.OnnxRuntime;

/// <summary>What runs a model's operators.</summary>
public enum ExecutionProvider
{
    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>The first NVIDIA device, through CUDA and cuDNN; operators that they lack run on the CPU.</summary>
    Cuda,
}
