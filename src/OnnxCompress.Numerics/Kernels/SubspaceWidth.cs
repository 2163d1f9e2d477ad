namespace OnnxCompress.Numerics.Kernels;

/// <summary>When a subspace is iterated, and how wide it is.</summary>
internal static class SubspaceWidth
{
    /// <summary>Columns of the iterated block: wider blocks converge in fewer, costlier products.</summary>
    public static int Of(int wanted) => wanted + Math.Max(16, wanted / 2);

    /// <summary>Below this size a full symmetric decomposition takes milliseconds.</summary>
    private const int SmallestIterated = 256;

    /// <summary>Whether a subspace is iterated for so many pairs, where its spectrum lets it.</summary>
    public static bool IsIterated(int size, int wanted) => size >= SmallestIterated && Pays(size, wanted);

    /// <summary>Whether so few pairs are wanted that an iteration is cheaper than decomposing everything.</summary>
    public static bool Pays(int size, int wanted) => 6L * Of(wanted) <= size;
}
