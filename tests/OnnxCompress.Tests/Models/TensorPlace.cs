namespace OnnxCompress.Tests.Models;

/// <summary>Where a tensor may lie in a model.</summary>
internal enum TensorPlace
{
    Initializer,
    Constant,
    Branch,
    BranchConstant,
    Sparse,
    SparseConstant,
    Function,
}
