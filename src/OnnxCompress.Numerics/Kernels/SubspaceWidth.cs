namespace OnnxCompress.Numerics.Kernels;

/// <summary>When a subspace is iterated, and how wide it is.</summary>
internal static class SubspaceWidth
{
    /// <summary>Columns of the iterated block: wider blocks converge in fewer, costlier products.</summary>
    public static int Of(int wanted) => wanted + Math.Max(16, wanted / 2);

    /// <summary>Whether so few pairs are wanted that an iteration is cheaper than decomposing everything.</summary>
    public static bool Pays(int size, int wanted) => 6L * Of(wanted) <= size;
}
