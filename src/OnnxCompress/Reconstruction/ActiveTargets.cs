using System.Numerics;
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
        var own = bias.AsSpan(group * outputs, outputs);
        var offsets = new float[outputs];
        for (var r = 0; r < rows.Rows; r++)
        {
            var targets = rows.Row(r)[columns..];
            if (hasDrift || r == 0)
            {
                for (var o = 0; o < offsets.Length; o++)
                {
                    offsets[o] = (added?[(group * outputs) + o] ?? 0) + (hasDrift ? targets[(2 * outputs) + o] : 0);
                }
            }

            Aim(targets[..outputs], values.Row(r), own, offsets, hasDrift ? targets.Slice(outputs, outputs) : []);
        }
    }

    private void Aim(Span<float> targets, ReadOnlySpan<float> made, ReadOnlySpan<double> own, ReadOnlySpan<float> offsets, ReadOnlySpan<float> drift)
    {
        var o = 0;
        var (least, most) = (new Vector<float>(range.Least), new Vector<float>(range.Most));
        for (; o <= targets.Length - Vector<float>.Count; o += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(made[o..]), out var low, out var high);
            var offset = new Vector<float>(offsets[o..]);
            var value = Vector.Narrow(low + new Vector<double>(own[o..]), high + new Vector<double>(own[(o + Vector<double>.Count)..])) + offset;
            value = drift.IsEmpty ? value : value - new Vector<float>(drift[o..]);
            var before = new Vector<float>(targets[o..]);
            var target = before + offset;
            // As ActivationRange.Aim.
            var aim = Vector.ConditionalSelect(
                Vector.LessThanOrEqual(target, least),
                Vector.Min(value, least),
                Vector.ConditionalSelect(Vector.GreaterThanOrEqual(target, most), Vector.Max(value, most), target));
            (before + (aim - target)).CopyTo(targets[o..]);
        }

        for (; o < targets.Length; o++)
        {
            var target = targets[o] + offsets[o];
            var value = (float)(made[o] + own[o]) + offsets[o] - (drift.IsEmpty ? 0 : drift[o]);
            targets[o] += range.Aim(target, value) - target;
        }
    }
}
