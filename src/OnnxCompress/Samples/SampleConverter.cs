using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Turns stored samples into what one input is fed: preprocessed, axes in the model's order, in its element type.</summary>
internal sealed class SampleConverter
{
    private readonly SampleArray _array;
    private readonly SampleShape _shape;
    private readonly IReadOnlyList<long> _storedDims;
    private readonly double _scale;
    private readonly double[] _mean;
    private readonly double[] _std;
    private byte[]? _stored;
    private double[] _numbers = [];
    private double[] _turnedNumbers = [];
    private long[] _integers = [];
    private long[] _turnedIntegers = [];

    /// <summary>Checks that a sample fits the input; serves it and all samples of the same shape.</summary>
    /// <exception cref="OnnxCompressException">OCX3002, OCX3005 or OCX3022.</exception>
    public SampleConverter(SampleArray array, int index, InputFeed feed, TensorLayout layout, Preprocessing preprocessing)
    {
        (_array, Feed, _shape) = (array, feed, SampleShape.Resolve(array, index, feed, layout));
        _storedDims = array.DimsOf(index);
        Elements = array.BytesOf(index) / array.Type.SizeInBytes();
        _scale = preprocessing.Scale;
        _mean = PerChannel(preprocessing.Mean, 0, "mean");
        _std = PerChannel(preprocessing.Std, 1, "std");
        Affine = Input.Type.IsFloatingPoint() && !preprocessing.IsIdentity;
        _ = Allocate(0);
    }

    /// <summary>The input, and where its samples lie.</summary>
    public InputFeed Feed { get; }

    /// <summary>The input that is fed.</summary>
    public TensorInfo Input => Feed.Input;

    /// <summary>Shape of one sample as the model wants it.</summary>
    public IReadOnlyList<long> Dims => _shape.Dims;

    private int Elements { get; }

    private bool Affine { get; }

    /// <summary>An array of the input's .NET type for a batch.</summary>
    /// <exception cref="OnnxCompressException">OCX3002: files cannot feed an input of this type.</exception>
    public Array Allocate(int samples)
    {
        var length = samples == 0 ? 0 : InputSizes.Count(Input, samples, Elements);
        // Numbers beyond those of double have no way from a file into an unsigned input of 64 bits.
        return (Input.Type == ElementType.UInt64 ? null : Input.Type.NewArray(length)) ?? throw new OnnxCompressException(
            DiagnosticCodes.DataMalformed, $"The model's input {Input} takes {InputNeeds.Unfeedable(Input) ?? Input.Type.ToString()}, which cannot be fed from files.");
    }

    /// <summary>Reads one sample into a batch.</summary>
    /// <param name="index">Which sample.</param>
    /// <param name="batch">Made by <see cref="Allocate"/>.</param>
    /// <param name="position">The sample's place in the batch.</param>
    /// <exception cref="OnnxCompressException">OCX3006: NaN or infinity; OCX3002: a value the input cannot hold.</exception>
    public void Read(int index, Array batch, int position)
    {
        Reserve();
        _array.ReadSample(index, _stored);
        CheckFinite(_array, index, _stored);
        try
        {
            Store(batch, position * Elements);
        }
        catch (OverflowException)
        {
            var (name, at) = _array.Locate(index);
            throw new OnnxCompressException(
                DiagnosticCodes.DataMalformed, $"'{name}' holds a value in sample {at} that the input {Input} cannot take.");
        }
    }

    /// <summary>Refuses a stored sample with NaN or infinity.</summary>
    /// <exception cref="OnnxCompressException">OCX3006.</exception>
    public static void CheckFinite(SampleArray array, int index, ReadOnlySpan<byte> stored)
    {
        var element = StoredValues.FirstNotFinite(array.Type, stored);
        if (element >= 0)
        {
            var (name, at) = array.Locate(index);
            throw new OnnxCompressException(
                DiagnosticCodes.DataNotFinite, $"'{name}' holds NaN or infinity in sample {at} (element {element}); remove or mend the sample.");
        }
    }

    [MemberNotNull(nameof(_stored))]
    private void Reserve()
    {
        if (_stored is not null)
        {
            return;
        }

        _stored = new byte[Elements * _array.Type.SizeInBytes()];
        var turned = _shape.Move == AxisMove.None ? 0 : Elements;
        if (Input.Type.IsFloatingPoint())
        {
            (_numbers, _turnedNumbers) = (new double[Elements], new double[turned]);
        }
        else
        {
            (_integers, _turnedIntegers) = (new long[Elements], new long[turned]);
            _numbers = new double[_array.Type.IsFloatingPoint() ? Elements : 0];
        }
    }

    // By element type and not by the array's type: to the runtime an array of bytes is one of signed bytes, too.
    private void Store(Array batch, int offset)
    {
        switch (Input.Type)
        {
            case ElementType.Float:
                Narrow(Numbers(), ((float[])batch).AsSpan(offset, Elements));
                break;
            case ElementType.Double:
                Numbers().CopyTo(((double[])batch).AsSpan(offset, Elements));
                break;
            case ElementType.Float16:
                Narrow(Numbers(), ((Half[])batch).AsSpan(offset, Elements));
                break;
            case ElementType.Int64:
                Integers().CopyTo(((long[])batch).AsSpan(offset, Elements));
                break;
            case ElementType.Int32:
                Fit(Integers(), ((int[])batch).AsSpan(offset, Elements));
                break;
            case ElementType.Int16:
                Fit(Integers(), ((short[])batch).AsSpan(offset, Elements));
                break;
            case ElementType.Int8:
                Fit(Integers(), ((sbyte[])batch).AsSpan(offset, Elements));
                break;
            case ElementType.UInt8:
                Fit(Integers(), ((byte[])batch).AsSpan(offset, Elements));
                break;
            case ElementType.UInt16:
                Fit(Integers(), ((ushort[])batch).AsSpan(offset, Elements));
                break;
            case ElementType.UInt32:
                Fit(Integers(), ((uint[])batch).AsSpan(offset, Elements));
                break;
            default:
                Flags(Integers(), ((bool[])batch).AsSpan(offset, Elements));
                break;
        }
    }

    private ReadOnlySpan<double> Numbers()
    {
        StoredValues.ToDouble(_array.Type, _stored, _numbers);
        for (var i = 0; Affine && i < _numbers.Length; i++)
        {
            var channel = i / _shape.ChannelStride % _shape.Channels;
            _numbers[i] = ((_numbers[i] * _scale) - _mean[channel]) / _std[channel];
        }

        return Turn(_numbers, _turnedNumbers);
    }

    private ReadOnlySpan<long> Integers()
    {
        if (_array.Type.IsFloatingPoint())
        {
            StoredValues.ToDouble(_array.Type, _stored, _numbers);
            foreach (var number in _numbers)
            {
                if (number != Math.Floor(number))
                {
                    throw new OverflowException();
                }
            }
        }

        StoredValues.ToInt64(_array.Type, _stored, _integers);
        return Turn(_integers, _turnedIntegers);
    }

    // Stored as rows x columns; the model wants columns x rows.
    private T[] Turn<T>(T[] values, T[] turned)
    {
        if (_shape.Move == AxisMove.None)
        {
            return values;
        }

        var rows = _shape.Move == AxisMove.ChannelsLast ? (int)_storedDims[0] : Elements / (int)_storedDims[2];
        var columns = Elements / rows;
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                turned[(column * rows) + row] = values[(row * columns) + column];
            }
        }

        return turned;
    }

    private static void Narrow<T>(ReadOnlySpan<double> from, Span<T> to)
        where T : INumberBase<T>
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = T.CreateTruncating(from[i]);
        }
    }

    private static void Fit<T>(ReadOnlySpan<long> from, Span<T> to)
        where T : INumberBase<T>
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = T.CreateChecked(from[i]);
        }
    }

    private static void Flags(ReadOnlySpan<long> from, Span<bool> to)
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from[i] != 0;
        }
    }

    private double[] PerChannel(IReadOnlyList<double> values, double missing, string option)
    {
        var channels = _shape.Channels;
        if (Input.Type.IsFloatingPoint() && values.Count > 1 && values.Count != channels)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.PreprocessingMismatch,
                $"--{option} has {values.Count} values but '{_array.Name}' has {channels} channels; give one value or {channels}, and the right --layout.");
        }

        return [.. Enumerable.Range(0, channels).Select(channel => values.Count switch
        {
            0 => missing,
            1 => values[0],
            _ => values[Math.Min(channel, values.Count - 1)],
        })];
    }
}
