namespace OnnxCompress.Forms;

/// <summary>How one linear layer becomes two or three thin ones.</summary>
public enum SplitForm
{
    /// <summary>Truncated SVD of the weight as <c>out x (in * kernel)</c>: a thin layer, then a 1x1.</summary>
    Plain,

    /// <summary>The leading eigenvectors of the layer's measured outputs: a thin layer, then a 1x1.</summary>
    Response,

    /// <summary>Input channels in groups, each with its own truncated SVD: a grouped layer, then a 1x1
    /// (ALDS, Liebenwein et al. 2021).</summary>
    Alds,

    /// <summary>The leading directions of the layer's measured inputs: a 1x1, then a thin layer.</summary>
    Input,

    /// <summary>Both sides at once: a 1x1, a small layer, a 1x1 (Tucker-2).</summary>
    Tucker,

    /// <summary>A column of the kernel, then a row of it: k x 1, then 1 x k.</summary>
    Spatial,
}
