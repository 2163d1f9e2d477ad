namespace OnnxCompress.Reconstruction;

/// <summary>
/// Moments of one group of a layer over rows <c>[x, y, d]</c>: what it reads, what it should make, and what is missing
/// beside it (the drift of the other branch of an Add; absent without one). In two folds, as statistics are: what is solved
/// for on one is judged on the other.
/// </summary>
/// <param name="inputs">Columns of x.</param>
/// <param name="outputs">Columns of y, and of d.</param>
/// <param name="hasDrift">Whether there is a d.</param>
internal sealed class FitMoments(int inputs, int outputs, bool hasDrift)
{
    /// <summary>What is solved on.</summary>
    public FitFold Fit { get; } = new(inputs, outputs, hasDrift);

    /// <summary>What solutions are judged on.</summary>
    public FitFold Check { get; } = new(inputs, outputs, hasDrift);

    /// <summary>Columns of x.</summary>
    public int Inputs => inputs;

    /// <summary>Columns of y.</summary>
    public int Outputs => outputs;

    /// <summary>Columns of a row.</summary>
    public int Width => inputs + (outputs * (hasDrift ? 2 : 1));

    /// <summary>Whether there is a d.</summary>
    public bool HasDrift => hasDrift;

    /// <summary>Both folds together, for the final solution.</summary>
    /// <param name="isAboutMeans">Whether means are subtracted, as where a bias takes them up.</param>
    /// <param name="withDrift">Whether the target is <c>y + d</c>, or y alone.</param>
    public TargetMoments Total(bool isAboutMeans, bool withDrift)
    {
        FitFold[] folds = [Fit, Check];
        return FitFold.Target(folds, isAboutMeans ? FitFold.Means(folds) : null, withDrift);
    }

    /// <summary>The moments of one fold.</summary>
    public FitFold Fold(bool isCheck) => isCheck ? Check : Fit;

    /// <summary>Begins y anew; x, d and the count of rows stay, so the same rows must come once more.</summary>
    public void ForgetTargets()
    {
        Fit.ForgetTargets();
        Check.ForgetTargets();
    }
}
