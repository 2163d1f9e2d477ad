using OnnxCompress.Dependencies;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Which input position each kernel tap of a convolution reads for each output position: the index form of im2col, for
/// Conv and ConvTranspose of any rank, stride, dilation and padding.
/// </summary>
internal sealed class PatchTable
{
    private readonly int[] _indices;
    private readonly bool[] _isTriples;

    private PatchTable(int[] indices, int taps)
    {
        (_indices, Taps) = (indices, taps);
        _isTriples = taps % 3 == 0 ? [.. Enumerable.Range(0, indices.Length / taps).Select(position => AreTriples(Of(position)))] : new bool[indices.Length / taps];
    }

    /// <summary>Elements of the kernel.</summary>
    public int Taps { get; }

    /// <summary>Output positions of an image.</summary>
    public int Positions => _indices.Length / Taps;

    /// <summary>The input positions behind the taps of one output position; -1 where padding is read.</summary>
    public ReadOnlySpan<int> Of(int outputPosition) => _indices.AsSpan(outputPosition * Taps, Taps);

    /// <summary>Whether the taps of an output position read three input positions in a row each, none of them padding.</summary>
    public bool IsTriples(int outputPosition) => _isTriples[outputPosition];

    /// <summary>The table of a convolution.</summary>
    /// <param name="window">How the kernel moves.</param>
    /// <param name="input">Input size along each spatial axis.</param>
    /// <param name="output">Output size along each spatial axis.</param>
    public static PatchTable Create(ConvolutionWindow window, int[] input, int[] output)
    {
        var kernel = window.Kernel;
        var taps = kernel.Aggregate(1, (product, k) => checked(product * k));
        var positions = output.Aggregate(1, (product, o) => checked(product * o));
        var indices = new int[checked(positions * taps)];
        for (var axis = 0; axis < kernel.Length; axis++)
        {
            var along = new Along(window, axis, input[axis], output[axis]);
            var (outputStride, tapStride) = (Product(output, axis + 1), Product(kernel, axis + 1));
            for (var i = 0; i < indices.Length; i++)
            {
                var source = along.Source(i / taps / outputStride % output[axis], i % taps / tapStride % kernel[axis]);
                indices[i] = source < 0 || indices[i] < 0 ? -1 : (indices[i] * input[axis]) + source;
            }
        }

        return new PatchTable(indices, taps);
    }

    private static bool AreTriples(ReadOnlySpan<int> sources)
    {
        for (var tap = 0; tap < sources.Length; tap += 3)
        {
            if (sources[tap] < 0 || sources[tap + 1] != sources[tap] + 1 || sources[tap + 2] != sources[tap] + 2)
            {
                return false;
            }
        }

        return true;
    }

    private static int Product(int[] sizes, int from) => sizes.Skip(from).Aggregate(1, (product, s) => product * s);

    /// <summary>The arithmetic along one axis.</summary>
    private readonly struct Along
    {
        private readonly int _stride, _dilation, _begin, _input;
        private readonly bool _transposed;

        public Along(ConvolutionWindow window, int axis, int input, int output)
        {
            (_transposed, _input, _stride, _dilation) = (window.IsTransposed, input, window.Stride(axis), window.Dilation(axis));
            _begin = window.Padding(axis, input, output).Begin;
        }

        public int Source(int output, int tap)
        {
            if (!_transposed)
            {
                var position = (output * _stride) + (tap * _dilation) - _begin;
                return position < _input ? position : -1;
            }

            var scaled = output + _begin - (tap * _dilation);
            return scaled >= 0 && scaled % _stride == 0 && scaled / _stride < _input ? scaled / _stride : -1;
        }
    }
}
