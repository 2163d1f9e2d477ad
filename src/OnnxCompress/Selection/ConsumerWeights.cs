using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection;

/// <summary>
/// The weight of a consumer with one matrix column for each channel of its group:
/// <c>M (rows x channels)</c>, where a row is one output, kernel tap and position inside the channel's block. Mixing
/// channels is then one product, whatever the layer.
/// </summary>
internal sealed class ConsumerWeights
{
    private readonly GroupConsumer _consumer;
    private readonly Initializer _initializer;
    private readonly float[] _values;
    private readonly int _outer;
    private readonly int _length;
    private readonly int _inner;

    private ConsumerWeights(GroupConsumer consumer, Initializer initializer)
    {
        _consumer = consumer;
        _initializer = initializer;
        _values = initializer.ReadFloats();
        var dims = initializer.Dims;
        var axis = consumer.Layer.InputAxis;
        _outer = (int)dims.Take(axis).Aggregate(1L, (product, d) => product * d);
        _length = (int)dims[axis];
        _inner = (int)dims.Skip(axis + 1).Aggregate(1L, (product, d) => product * d);
    }

    /// <summary>Rows of the matrix.</summary>
    private int Rows => _outer * _inner * _consumer.ColumnsPerChannel;

    /// <summary>Reads the weight of a consumer.</summary>
    public static ConsumerWeights Read(GroupConsumer consumer, ModelGraph graph) =>
        new(consumer, graph.Constant(consumer.Layer.Weight)!);

    /// <summary>The matrix M, <c>rows x channels</c>.</summary>
    public Matrix<float> ToMatrix()
    {
        var matrix = new Matrix<float>(Rows, _consumer.Channels.Length);
        ForEach((row, channel, index) => matrix.Values[(row * matrix.Columns) + channel] = _values[index]);
        return matrix;
    }

    /// <summary>Writes some columns of M back into the weight; the others stay.</summary>
    /// <param name="mixed"><c>rows x columns.Length</c>.</param>
    /// <param name="columns">The channel that each column of <paramref name="mixed"/> belongs to.</param>
    public void Write(Matrix<float> mixed, ReadOnlySpan<int> columns)
    {
        var position = new int[_consumer.Channels.Length];
        Array.Fill(position, -1);
        for (var i = 0; i < columns.Length; i++)
        {
            position[columns[i]] = i;
        }

        ForEach((row, channel, index) =>
        {
            if (position[channel] >= 0)
            {
                _values[index] = mixed.Values[(row * mixed.Columns) + position[channel]];
            }
        });
        _initializer.Write([.. _initializer.Dims], _values);
    }

    /// <summary>
    /// What a constant on each input channel adds to each output channel: the sum of the weights over kernel taps and
    /// positions, times the constants.
    /// </summary>
    /// <param name="constants">One value for each channel.</param>
    public double[] Respond(ReadOnlySpan<double> constants)
    {
        var axis = _consumer.Layer.OutputAxis;
        var dims = _initializer.Dims;
        var stride = dims.Skip(axis + 1).Aggregate(1, (product, d) => product * (int)d);
        var response = new double[dims[axis]];
        var values = constants.ToArray();
        ForEach((_, channel, index) => response[index / stride % response.Length] += values[channel] * _values[index]);
        return response;
    }

    /// <summary>Magnitudes summed over kernel taps and positions: <c>outputs x channels</c>.</summary>
    public Matrix<double> MagnitudesByOutput()
    {
        var axis = _consumer.Layer.OutputAxis;
        var dims = _initializer.Dims;
        var stride = dims.Skip(axis + 1).Aggregate(1, (product, d) => product * (int)d);
        var magnitudes = new Matrix<double>((int)dims[axis], _consumer.Channels.Length);
        ForEach((_, channel, index) => magnitudes[index / stride % magnitudes.Rows, channel] += Math.Abs(_values[index]));
        return magnitudes;
    }

    /// <summary>Visits every weight with its row and channel in M and its index in the tensor.</summary>
    private void ForEach(Action<int, int, int> visit)
    {
        var each = _consumer.ColumnsPerChannel;
        for (var outer = 0; outer < _outer; outer++)
        {
            for (var column = 0; column < _consumer.Columns.Length; column++)
            {
                var (channel, position) = (column / each, column % each);
                var start = ((outer * _length) + _consumer.Columns[column]) * _inner;
                var row = ((outer * each) + position) * _inner;
                for (var inner = 0; inner < _inner; inner++)
                {
                    visit(row + inner, channel, start + inner);
                }
            }
        }
    }
}
