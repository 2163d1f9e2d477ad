namespace OnnxCompress.Dependencies;

/// <summary>What a linear layer does with its weight: all else that differs between operators, <see cref="LinearMap"/> says.</summary>
internal enum LinearKind
{
    /// <summary>Slides a kernel over positions.</summary>
    Convolution,

    /// <summary>Slides a kernel over the positions that it makes.</summary>
    TransposedConvolution,

    /// <summary>Multiplies matrices.</summary>
    Product,

    /// <summary>Looks rows of its weight up: a product with one-hot inputs.</summary>
    Table,

    /// <summary>Multiplies what it reads, and feeds back what it makes.</summary>
    Recurrent,
}
