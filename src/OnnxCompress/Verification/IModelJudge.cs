using OnnxCompress.Models;

namespace OnnxCompress.Verification;

/// <summary>The user's own measure of a model, in place of the share of equal decisions.</summary>
public interface IModelJudge
{
    /// <summary>Judges a compressed model.</summary>
    /// <param name="candidate">The model.</param>
    /// <param name="cancellation">Stops the judge.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX7020: it gave no score.</exception>
    JudgeScore Judge(OnnxModel candidate, CancellationToken cancellation);
}
