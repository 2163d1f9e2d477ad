using System.Runtime.Intrinsics.X86;

namespace OnnxCompress.Timing;

/// <summary>
/// Widths that ONNX Runtime likes. Its blocked convolutions work on whole vectors of channels: a width takes the time of the next
/// multiple, and more where it leaves the blocked layout. Below one vector powers of two remain, so that small budgets stay
/// within reach.
/// </summary>
internal static class WidthTable
{
    /// <summary>Channels in a vector of this CPU: 16 with AVX-512, else 8.</summary>
    public static int VectorWidth => Avx512F.IsSupported ? 16 : 8;

    /// <summary>The blocked layout takes multiples of this, at the time of the next whole vector.</summary>
    public const int Blocked = 4;

    /// <summary>Matrix products run as well at widths that fill a quarter of a vector.</summary>
    private const int MatrixProductAlignment = 4;

    /// <summary>The narrowest matrix products would lose all choice if they were held to that.</summary>
    private const int ChoicesPerLayer = 8;

    /// <summary>
    /// The smallest width that is liked and holds as many channels. All there are is one, in the blocked layout: what a budget
    /// spends on channels beyond them it takes from others.
    /// </summary>
    /// <param name="count">Channels that are wanted, at least one.</param>
    /// <param name="most">Channels there are that do something.</param>
    /// <param name="isConvolved">Whether a convolution makes or reads the channels.</param>
    /// <param name="vector">Channels in a vector.</param>
    public static int Next(int count, int most, bool isConvolved, int vector)
    {
        if (!isConvolved)
        {
            return RoundUp(count, AlignmentOf(most, isConvolved: false));
        }

        var all = RoundUp(most, Blocked);
        var width = PowerOrMultiple(count, vector);
        return count <= all ? Math.Min(width, all) : width;
    }

    /// <summary>The next multiple, or the next power of two below the first.</summary>
    /// <param name="count">Channels, at least one.</param>
    /// <param name="multiple">A power of two.</param>
    public static int PowerOrMultiple(int count, int multiple)
    {
        while (multiple > 1 && count <= multiple / 2)
        {
            multiple /= 2;
        }

        return RoundUp(count, multiple);
    }

    /// <summary>The next multiple.</summary>
    /// <param name="count">Channels.</param>
    /// <param name="multiple">At least one.</param>
    public static int RoundUp(int count, int multiple) => (count + multiple - 1) / multiple * multiple;

    /// <summary>
    /// The width that zeros are added up to: a whole vector from half of one on, else the next that the blocked layout takes. Unlike
    /// <see cref="Next"/>, which chooses what stays, it adds operations, so that it stops where the layout is reached.
    /// </summary>
    /// <param name="width">Channels.</param>
    /// <param name="vector">Channels in a vector.</param>
    public static int Padded(int width, int vector) => width > vector / 2 && width < vector ? vector : RoundUp(width, Blocked);

    /// <summary>
    /// A multiple for tables of times: whole vectors for convolutions where the layer has several of them, else the power of two
    /// that leaves it eight choices.
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
