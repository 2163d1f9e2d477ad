using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Targets of a layer that an activation follows: where the original lies beyond a limit of the activation, what the
/// layer makes of its input now takes its place if that lies beyond the limit too (majorisation and minimisation; Zhang
/// et al. 2016, Accelerating Very Deep Convolutional Networks, section 3.2, alternate likewise for a rectifier).
/// </summary>
/// <param name="range">What the activation lets through.</param>
/// <param name="weights">By group, the layer's weights, <c>outputs x columns</c>.</param>
/// <param name="bias">The layer's bias, all groups.</param>
/// <param name="added">What a constant Add behind the layer adds to each output in front of the activation; null for nothing.</param>
/// <param name="backend">Multiplies.</param>
internal sealed class ActiveTargets(ActivationRange range, Matrix<float>[] weights, double[] bias, float[]? added, IDenseBackend backend)
{
    /// <summary>Changes the targets of rows <c>[x, y]</c> or <c>[x, y, d]</c> in place.</summary>
    /// <param name="group">The group of the layer that the rows belong to.</param>
    /// <param name="rows">The rows; the y of each is overwritten.</param>
    /// <param name="beside">
    /// What the original's Add puts beside the output, one row for each, all groups; empty without an Add. With d the drift,
    /// <c>beside - d</c> is what the compressed network puts there.
    /// </param>
    public void Apply(int group, MatrixView<float> rows, ReadOnlySpan<float> beside)
    {
        var (outputs, columns) = (weights[group].Rows, weights[group].Columns);
        var hasDrift = rows.Columns > columns + outputs;
        var values = new Matrix<float>(rows.Rows, outputs);
        backend.Multiply(1, rows.Window(0, 0, rows.Rows, columns), Transpose.No, weights[group], Transpose.Yes, 0, values);
        for (var r = 0; r < rows.Rows; r++)
        {
            var row = rows.Row(r);
            var made = values.Row(r);
            for (var o = 0; o < outputs; o++)
            {
                var output = (group * outputs) + o;
                var offset = (added?[output] ?? 0) + (beside.IsEmpty ? 0 : beside[(r * bias.Length) + output]);
                var target = row[columns + o] + offset;
                var value = (float)(made[o] + bias[output]) + offset - (hasDrift ? row[columns + outputs + o] : 0);
                row[columns + o] += range.Aim(target, value) - target;
            }
        }
    }
}
