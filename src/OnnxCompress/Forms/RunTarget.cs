namespace OnnxCompress.Forms;

/// <summary>Where a model will run.</summary>
public enum RunTarget
{
    /// <summary>ONNX Runtime on a processor of the kind that the model is made on: its kernels are timed and its own operators used.</summary>
    Cpu,

    /// <summary>ONNX Runtime on a GPU: nothing is said of time, since it is measured on the processor.</summary>
    Gpu,

    /// <summary>Any runtime: standard operators alone, weights that no processor's sums saturate with, and nothing said of time.</summary>
    Any,
}
