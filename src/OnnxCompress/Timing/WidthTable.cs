using System.Runtime.Intrinsics.X86;

namespace OnnxCompress.Timing;

/// <summary>Widths that ONNX Runtime likes: its blocked convolutions work on whole vectors of channels.</summary>
internal static class WidthTable
{
    /// <summary>The narrowest layers would lose all choice if they were held to whole vectors.</summary>
    private const int ChoicesPerLayer = 8;

    /// <summary>Channels in a vector of this CPU: 16 with AVX-512, else 8.</summary>
    public static int VectorWidth => Avx512F.IsSupported ? 16 : 8;

    /// <summary>Matrix products run as well at widths that fill a quarter of a vector.</summary>
    private const int MatrixProductAlignment = 4;

    /// <summary>
    /// The multiple that a layer of this width is held to by <c>--align auto</c> when time is not the objective: whole
    /// vectors for convolutions where the layer has at least eight of them, else the power of two that leaves it eight
    /// choices.
    /// </summary>
    /// <param name="channels">Width of the layer.</param>
    /// <param name="isConvolved">Whether a convolution makes or reads the channels.</param>
    public static int AlignmentOf(int channels, bool isConvolved)
    {
        var alignment = isConvolved ? VectorWidth : MatrixProductAlignment;
        while (alignment > 1 && channels < alignment * ChoicesPerLayer)
        {
            alignment /= 2;
        }

        return alignment;
    }
}
