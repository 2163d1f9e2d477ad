namespace OnnxCompress.Numerics;

/// <summary>Why a numeric routine gave up.</summary>
public enum NumericFailure
{
    /// <summary>An input or a result holds NaN or an infinity.</summary>
    NotFinite,

    /// <summary>A matrix that must be positive definite is not, to working precision.</summary>
    NotPositiveDefinite,

    /// <summary>A triangular factor has a zero on its diagonal.</summary>
    Singular,

    /// <summary>An iteration used up its steps.</summary>
    NotConverged,

    /// <summary>A device that was asked for is not there or cannot be used.</summary>
    DeviceAbsent,
}
