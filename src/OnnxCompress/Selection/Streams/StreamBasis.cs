using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Streams;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Streams;

/// <summary>
/// Principal directions of what the readers of a residual stream see, normalised: the basis the stream is turned into (Ashkboos et
/// al. 2024, SliceGPT, section 3.3, with one basis for the whole stream, so that skips need no products of their own).
/// A stream whose mean is taken off has one direction less, the vector of ones being the last here: k directions of it then
/// take k + 1 channels, laid out so that their sum is zero and the normalisation finds no mean to take off.
/// </summary>
internal sealed class StreamBasis
{
    private readonly ResidualStream _stream;
    private readonly IDenseBackend _backend;

    private StreamBasis(ResidualStream stream, Matrix<double> directions, IDenseBackend backend) => (_stream, Directions, _backend) = (stream, directions, backend);

    /// <summary><c>width x width</c>, orthogonal: column j is the direction of the j-th largest second moment.</summary>
    public Matrix<double> Directions { get; }

    /// <summary>The basis of a stream: every place that is read weighs the same, since what a normalisation makes has one size.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="statistics">Of the model as it is.</param>
    /// <param name="backend">Decomposes.</param>
    public static StreamBasis Of(ResidualStream stream, CalibrationStatistics statistics, IDenseBackend backend)
    {
        var pooled = new Matrix<double>(stream.Width, stream.Width);
        foreach (var tap in stream.Readers.Select(r => ChannelTap.Of(r, stream.Width)).DistinctBy(t => t.Key, StringComparer.Ordinal))
        {
            var gram = statistics.Of(tap).Total().Gram;
            double trace = 0;
            for (var i = 0; i < stream.Width; i++)
            {
                trace += gram[i * (stream.Width + 1)];
            }

            for (var i = 0; i < gram.Length && trace > 0; i++)
            {
                pooled.Values[i] += gram[i] / trace;
            }
        }

        var span = stream.IsCentred ? Spread(stream.Width) : Matrix<double>.Identity(stream.Width);
        var inside = backend.Multiply(span, backend.Multiply(pooled, span), transposeA: Transpose.Yes);
        var values = new double[inside.Rows];
        var vectors = new Matrix<double>(inside.Rows, inside.Rows);
        backend.DecomposeSymmetric(inside, values, vectors);
        var turned = backend.Multiply(span, vectors);
        var directions = new Matrix<double>(stream.Width, stream.Width);
        for (var i = 0; i < stream.Width; i++)
        {
            turned.Row(i).CopyTo(directions.Row(i));
            if (stream.IsCentred)
            {
                directions[i, stream.Width - 1] = 1 / Math.Sqrt(stream.Width);
            }
        }

        return new StreamBasis(stream, directions, backend);
    }

    /// <summary>Channels that have to stay.</summary>
    public static int Fewest(ResidualStream stream) => stream.IsCentred ? 2 : 1;

    /// <summary>How many directions so many channels can hold.</summary>
    public static int DirectionsIn(ResidualStream stream, int channels) => channels - (stream.IsCentred ? 1 : 0);

    /// <summary>
    /// From the first directions to channels, <c>channels x channels</c>, applied from the right to rows of directions: the identity, or
    /// for a stream whose mean is taken off an isometry onto rows whose sum is zero, which passes over the last direction.
    /// </summary>
    public static Matrix<double> Layout(ResidualStream stream, int channels)
    {
        if (!stream.IsCentred)
        {
            return Matrix<double>.Identity(channels);
        }

        var spread = Spread(channels);
        var layout = new Matrix<double>(channels, channels);
        for (var channel = 0; channel < channels; channel++)
        {
            for (var direction = 0; direction < channels - 1; direction++)
            {
                layout[direction, channel] = spread[channel, direction];
            }
        }

        return layout;
    }

    /// <summary>From the stream to so many channels, <c>width x channels</c>.</summary>
    public Matrix<double> Map(int channels)
    {
        var first = new Matrix<double>(_stream.Width, channels);
        for (var i = 0; i < _stream.Width; i++)
        {
            Directions.Row(i)[..channels].CopyTo(first.Row(i));
        }

        return _backend.Multiply(first, Layout(_stream, channels));
    }

    /// <summary>
    /// Statistics as those of a model whose stream is turned: what readers see is normalised, and neither scaled nor shifted. Channels
    /// that the map does not make have none.
    /// </summary>
    /// <param name="statistics">Of the model as it is.</param>
    /// <param name="map"><c>width x channels</c>.</param>
    /// <param name="relations">The model's axes and layers.</param>
    public CalibrationStatistics Turn(CalibrationStatistics statistics, Matrix<double> map, Relations relations)
    {
        var turned = new Dictionary<string, TapStatistics>(StringComparer.Ordinal);
        foreach (var reader in _stream.Readers)
        {
            var tap = ChannelTap.Of(reader, _stream.Width);
            turned.TryAdd((tap with { Unscaled = null }).Key, statistics.Of(tap).Turned(map, _backend));
        }

        foreach (var tap in relations.Layers.Where(l => _stream.Tensors.Contains(l.Output)).Select(l => ChannelTap.OfOutput(l, relations.Shapes)).OfType<ChannelTap>())
        {
            if (!turned.ContainsKey(tap.Key) && statistics.Find(tap) is { } found)
            {
                turned.Add(tap.Key, found.Turned(map, _backend));
            }
        }

        return statistics.With(turned);
    }

    /// <summary>Orthonormal columns whose sums are zero, <c>size x (size - 1)</c>: Helmert's contrasts.</summary>
    private static Matrix<double> Spread(int size)
    {
        var spread = new Matrix<double>(size, size - 1);
        for (var j = 1; j < size; j++)
        {
            var length = Math.Sqrt((double)j * (j + 1));
            for (var i = 0; i < j; i++)
            {
                spread[i, j - 1] = 1 / length;
            }

            spread[j, j - 1] = -j / length;
        }

        return spread;
    }
}
