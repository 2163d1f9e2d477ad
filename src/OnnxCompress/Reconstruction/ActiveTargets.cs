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
    /// <summary>Changes the targets of rows <c>[x, y]</c> or <c>[x, y, d, b]</c> in place; see <see cref="FitAccumulator"/>.</summary>
    /// <param name="group">The group of the layer that the rows belong to.</param>
    /// <param name="rows">The rows; the y of each is overwritten.</param>
    public void Apply(int group, MatrixView<float> rows)
    {
        var (outputs, columns) = (weights[group].Rows, weights[group].Columns);
        var hasDrift = rows.Columns > columns + outputs;
        var values = new Matrix<float>(rows.Rows, outputs);
        backend.Multiply(1, rows.Window(0, 0, rows.Rows, columns), Transpose.No, weights[group], Transpose.Yes, 0, values);
        for (var r = 0; r < rows.Rows; r++)
        {
            var made = values.Row(r);
            var targets = rows.Row(r)[columns..];
            for (var o = 0; o < outputs; o++)
            {
                var output = (group * outputs) + o;
                var offset = (added?[output] ?? 0) + (hasDrift ? targets[(2 * outputs) + o] : 0);
                var target = targets[o] + offset;
                var value = (float)(made[o] + bias[output]) + offset - (hasDrift ? targets[outputs + o] : 0);
                targets[o] += range.Aim(target, value) - target;
            }
        }
    }
}
