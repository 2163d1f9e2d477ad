using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Calibration;

/// <summary>Derivatives of outputs that a runtime cannot take.</summary>
public sealed class DerivativeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Derivatives_that_are_not_there_are_said_once(bool fails)
    {
        var stream = StreamModel.Of(StreamForm.LayerPieces);
        // The model of derivatives alone makes more than one layer's worth of outputs that the model does not have.
        var runtime = new PickyRuntime(
            model => fails && model.Graph.Nodes.Any(n => n.Outputs.Any(o => o.EndsWith(OnnxCompress.Dependencies.Gradients.GradientGraph.NameOf(""), StringComparison.Ordinal))),
            () => new OnnxCompressException(DiagnosticCodes.RuntimeRefusedModel, "No kernel."));

        var result = new Compressor(new CpuBackend(1), runtime).Compress(
            stream.Model, stream.Samples(1), new CompressionOptions { Budget = new(KeepParameters: 0.9), Threads = 1, Reconstruction = OnnxCompress.Reconstruction.ReconstructionMode.None }, null, TestContext.Current.CancellationToken);

        Assert.Equal(fails ? 1 : 0, result.Diagnostics.Count(d => d.Code == DiagnosticCodes.DerivativesNotTaken));
    }
}
