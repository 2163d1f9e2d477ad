using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>How the kernel of a convolution moves along the spatial axes: strides, dilations and padding, automatic or not.</summary>
/// <param name="node">The convolution.</param>
/// <param name="kernel">Size of the kernel along each spatial axis.</param>
/// <param name="isTransposed">Whether it moves over the output.</param>
internal sealed class ConvolutionWindow(GraphNode node, int[] kernel, bool isTransposed)
{
    private static readonly string[] Attributes = ["kernel_shape", "strides", "pads", "dilations", "auto_pad", "group"];

    /// <summary>Size of the kernel along each spatial axis.</summary>
    public int[] Kernel => kernel;

    /// <summary>Whether it moves over the output.</summary>
    public bool IsTransposed => isTransposed;

    /// <summary>Whether each output position reads the input position of the same place, and nothing else.</summary>
    public bool IsPointwise => kernel.All(k => k == 1) && node.Ints("strides").All(s => s == 1) && node.Ints("pads").All(p => p == 0);

    /// <summary>Whether zeros beyond the input may be read.</summary>
    public bool MayPad => Automatic is not ("NOTSET" or "VALID") || node.Ints("pads").Any(p => p != 0);

    private string Automatic => node.Text("auto_pad", "NOTSET");

    /// <summary>The stride along an axis.</summary>
    public int Stride(int axis) => At("strides", axis, 1);

    /// <summary>The dilation along an axis.</summary>
    public int Dilation(int axis) => At("dilations", axis, 1);

    /// <summary>Zeros at both ends of an axis; automatic padding is worked out.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="input">Size of the input along it.</param>
    /// <param name="output">Size of the output along it.</param>
    public (int Begin, int End) Padding(int axis, int input, int output)
    {
        if (Automatic is not ("VALID" or "SAME_UPPER" or "SAME_LOWER"))
        {
            return (At("pads", axis, 0), At("pads", axis + kernel.Length, 0));
        }

        var reach = ((kernel[axis] - 1) * Dilation(axis)) + 1;
        var total = Automatic == "VALID" ? 0 : Math.Max(0, isTransposed
            ? (Stride(axis) * (input - 1)) + At("output_padding", axis, 0) + reach - output
            : ((output - 1) * Stride(axis)) + reach - input);
        var begin = Automatic == "SAME_UPPER" ? total / 2 : total - (total / 2);
        return (begin, total - begin);
    }

    /// <summary>The kernel of a convolution that moves like this one along some axes, and is 1 along the others.</summary>
    public int[] KernelAlong(bool[] axes) => [.. kernel.Select((k, axis) => axes[axis] ? k : 1)];

    /// <summary>
    /// Lets a convolution move like this one along some axes: it has the kernel, stride, padding and dilation there, and 1, 1,
    /// 0 and 1 along the others.
    /// </summary>
    /// <param name="added">A convolution without attributes.</param>
    /// <param name="axes">The axes.</param>
    /// <param name="groups">Its groups.</param>
    public void CopyTo(GraphNode added, bool[] axes, int groups)
    {
        if (axes.Contains(true))
        {
            // Attributes this tool does not know go with the factors that do the spatial work.
            added.CopyAttributes(node, Attributes);
        }

        added.SetInts("kernel_shape", KernelAlong(axes).Select(k => (long)k));
        if (groups > 1)
        {
            LinearMap.SetGroups(added, groups);
        }

        CopyAlong(added, axes, "strides", otherwise: 1);
        CopyAlong(added, axes, "dilations", otherwise: 1);
        if (Automatic != "NOTSET")
        {
            // Computed along each axis from kernel and stride: with 1 and 1 it comes out as no padding.
            added.SetText("auto_pad", Automatic);
        }
        else
        {
            CopyAlong(added, axes, "pads", otherwise: 0);
        }
    }

    /// <summary>States everything about the window of a new convolution.</summary>
    /// <param name="added">The convolution.</param>
    /// <param name="kernel">Size of the kernel along each axis.</param>
    /// <param name="strides">Stride along each axis.</param>
    /// <param name="pads">Zeros at the beginnings of all axes, then at their ends.</param>
    /// <param name="dilations">Dilation along each axis.</param>
    public static void Write(GraphNode added, IEnumerable<int> kernel, IEnumerable<int> strides, IEnumerable<int> pads, IEnumerable<int> dilations)
    {
        foreach (var (name, values) in new[] { ("kernel_shape", kernel), ("strides", strides), ("pads", pads), ("dilations", dilations) })
        {
            added.SetInts(name, values.Select(v => (long)v));
        }
    }

    private void CopyAlong(GraphNode added, bool[] axes, string attribute, long otherwise)
    {
        if (node.Ints(attribute) is { Count: > 0 } values)
        {
            added.SetInts(attribute, values.Select((v, i) => axes[i % axes.Length] ? v : otherwise));
        }
    }

    private int At(string attribute, int index, int otherwise) => node.Ints(attribute) is { } values && index < values.Count ? (int)values[index] : otherwise;
}
