using OnnxCompress.Numerics;

namespace OnnxCompress.Diagnostics;

/// <summary>Numbers out of all proportion, in weights or statistics that a file brought, are the file's fault.</summary>
internal static class UnsolvableNumbers
{
    /// <summary>Runs work that solves.</summary>
    /// <exception cref="OnnxCompressException">As the work's; OCX4001 where the linear algebra gave up.</exception>
    public static T Explain<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (NumericException failure)
        {
            throw Unsolvable(failure);
        }
        catch (AggregateException several) when (several.Flatten().InnerExceptions.OfType<NumericException>().FirstOrDefault() is { } failure)
        {
            throw Unsolvable(failure);
        }
    }

    private static OnnxCompressException Unsolvable(NumericException failure) => new(
        DiagnosticCodes.NumbersUnusable,
        $"Weights or statistics hold numbers that nothing can be solved with: {failure.Message} Check the model's weights, and calibrate again.",
        failure);
}
