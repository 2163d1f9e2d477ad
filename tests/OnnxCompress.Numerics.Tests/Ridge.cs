namespace OnnxCompress.Numerics.Tests;

/// <summary>One problem with one ridge, solved in a chain of its own.</summary>
internal static class Ridge
{
    /// <summary>W (o x n); null where X X^T + lambda I is not positive definite.</summary>
    public static Matrix<double>? Solve(IDenseBackend backend, Matrix<double> normal, Matrix<double> cross, double lambda, Matrix<double>? prior = null)
    {
        using var chain = backend.OpenChain(0);
        var problem = new RidgeProblem(chain, normal, cross, prior is null ? null : chain.Put(prior.Transpose()));
        if (problem.Solve(lambda) is not { } solution)
        {
            return null;
        }

        var transposed = new Matrix<double>(solution.Rows, solution.Columns);
        chain.Read(solution, transposed);
        return transposed.Transpose();
    }
}
