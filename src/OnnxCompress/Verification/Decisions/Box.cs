namespace OnnxCompress.Verification.Decisions;

/// <summary>A found object.</summary>
/// <param name="Left">Least x, in the units of the output.</param>
/// <param name="Top">Least y.</param>
/// <param name="Right">Greatest x.</param>
/// <param name="Bottom">Greatest y.</param>
/// <param name="Class">What it is.</param>
/// <param name="Score">How sure the model is, in [0, 1].</param>
internal readonly record struct Box(double Left, double Top, double Right, double Bottom, int Class, double Score)
{
    /// <summary>Intersection over union with another box, in [0, 1].</summary>
    public double Overlap(Box other)
    {
        var both = Area(Math.Max(Left, other.Left), Math.Max(Top, other.Top), Math.Min(Right, other.Right), Math.Min(Bottom, other.Bottom));
        var either = Area(Left, Top, Right, Bottom) + Area(other.Left, other.Top, other.Right, other.Bottom) - both;
        return either > 0 ? both / either : 0;
    }

    /// <summary>For instance <c>17 at 12.0,30.5 to 80.1,96.2 (0.91)</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Class} at {Left:0.0##},{Top:0.0##} to {Right:0.0##},{Bottom:0.0##} ({Score:0.00})");

    private static double Area(double left, double top, double right, double bottom) => Math.Max(0, right - left) * Math.Max(0, bottom - top);
}
