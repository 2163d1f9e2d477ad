using OnnxCompress.Calibration;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Verification.Decisions;

namespace OnnxCompress.Verification;

/// <summary>One output of a run, widened to double; the memory is used again by the next run.</summary>
internal sealed class OutputValues
{
    private const double LeastProbability = 1e-12;

    private double[] _values = [];

    /// <summary>Whether a run is of one sample, which outputs need no axis for; they are read as if they had one.</summary>
    public bool IsOfOneSample { get; init; }

    /// <summary>The values, row-major.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, Length);

    /// <summary>Their shape.</summary>
    public IReadOnlyList<long> Dims { get; private set; } = [];

    /// <summary>Element type in the model.</summary>
    public ElementType Type { get; private set; }

    private int Length { get; set; }

    /// <summary>Whether values of this type can be compared as numbers.</summary>
    public static bool IsNumeric(ElementType type) => type.IsFloatingPoint() ? type != ElementType.BFloat16 : type.SizeInBytes() > 0;

    /// <summary>Takes an output's values over.</summary>
    public void Read(RunResult run, int index)
    {
        (Dims, Type) = (run.Dims(index), run.Type(index));
        Dims = IsOfOneSample && Dims is not [1, ..] ? [1, .. Dims] : Dims;
        var bytes = run.Bytes(index);
        Length = bytes.Length / Type.SizeInBytes();
        if (_values.Length < Length)
        {
            _values = new double[Length];
        }

        StoredValues.ToDouble(Type, bytes, _values.AsSpan(0, Length));
    }

    /// <summary>Multiplies each row along the last axis with a matrix.</summary>
    /// <param name="apply">Multiplies one, in place.</param>
    /// <param name="width">Length of a row.</param>
    public void Turn(RowTurn apply, int width)
    {
        for (var from = 0; from < Length; from += width)
        {
            apply(_values.AsSpan(from, width));
        }
    }

    /// <summary>
    /// Becomes what a model would say whose outputs drift further the same way; of <see cref="DriftScale.Logarithm"/> its logarithm.
    /// </summary>
    /// <param name="from">Where the drift starts.</param>
    /// <param name="to">Where it ends; of the same shape.</param>
    /// <param name="times">How many times it is taken.</param>
    /// <param name="scale">On which scale.</param>
    public void Stretch(OutputValues from, OutputValues to, int times, DriftScale scale)
    {
        (Dims, Type, Length) = (to.Dims, to.Type, to.Length);
        if (_values.Length < Length)
        {
            _values = new double[Length];
        }

        for (var i = 0; i < Length; i++)
        {
            var (start, end) = (On(scale, from._values[i]), On(scale, to._values[i]));
            // Infinities that both models have stay what they are.
            var far = start == end ? end : start + (times * (end - start));
            _values[i] = scale == DriftScale.LogOdds ? 1 / (1 + Math.Exp(-far)) : far;
        }
    }

    private static double On(DriftScale scale, double value) => scale switch
    {
        DriftScale.Logarithm => Math.Log(Math.Max(value, LeastProbability)),
        DriftScale.LogOdds => Math.Log(Math.Max(value, LeastProbability) / Math.Max(1 - value, LeastProbability)),
        _ => value,
    };

    /// <summary>The part of the values that belongs to the first samples of a batch; all of them when there is no batch axis.</summary>
    public ReadOnlySpan<double> OfFirst(int samples, int batch) =>
        Dims.Count > 0 && Dims[0] == batch ? Values[..(Length / batch * samples)] : Values;
}
