using OnnxCompress.Numerics;

namespace OnnxCompress.Dependencies.Scores;

/// <summary>A new basis for the columns of one head.</summary>
/// <param name="Places">Where the columns lie.</param>
/// <param name="Basis"><c>size x size</c>: column j of it makes the new column j of the old ones.</param>
internal sealed record HeadTurn(int[] Places, Matrix<double> Basis);
