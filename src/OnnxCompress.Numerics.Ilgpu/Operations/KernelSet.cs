using ILGPU;
using ILGPU.Runtime;
using OnnxCompress.Numerics.Ilgpu.Kernels;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>The kernels, each compiled when first used.</summary>
/// <param name="accelerator">Where they run.</param>
internal sealed class KernelSet(Accelerator accelerator)
{
    private readonly Lazy<Action<KernelConfig, ArrayView<double>, Steps, ArrayView<double>, Steps, ArrayView<double>, Steps, ProductShape>> _product =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, Steps, ArrayView<double>, Steps, ArrayView<double>, Steps, ProductShape>(ProductKernel.Run<double, DoubleEntry>));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, Steps, ArrayView<float>, Steps, ArrayView<double>, Steps, ProductShape>> _floatProduct =
        new(() => accelerator.LoadStreamKernel<ArrayView<float>, Steps, ArrayView<float>, Steps, ArrayView<double>, Steps, ProductShape>(ProductKernel.Run<float, FloatEntry>));

    private readonly Lazy<Action<Index1D, ArrayView<double>, Steps, ArrayView<double>, Steps, int, int>> _solve =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, Steps, ArrayView<double>, Steps, int, int>(TriangularKernels.Solve));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, Steps, int, int, ArrayView<int>>> _cholesky =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, Steps, int, int, ArrayView<int>>(TriangularKernels.Cholesky));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<int>, ArrayView<double>, ArrayView<double>, int, int, double>> _choosePivot =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<int>, ArrayView<double>, ArrayView<double>, int, int, double>(PivotedCholeskyKernels.Choose));

    private readonly Lazy<Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<double>, int>> _pivotRow =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<double>, int>(PivotedCholeskyKernels.Row));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, Steps, int, int, ArrayView<double>>> _makeReflector =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, Steps, int, int, ArrayView<double>>(ReflectorKernels.Make));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, Steps, int, int, int, ArrayView<double>, ArrayView<double>>> _reflectorDots =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, Steps, int, int, int, ArrayView<double>, ArrayView<double>>(ReflectorKernels.Dots));

    private readonly Lazy<Action<Index2D, ArrayView<double>, Steps, int, ArrayView<double>>> _reflectorUpdate =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView<double>, Steps, int, ArrayView<double>>(ReflectorKernels.Update));

    private readonly Lazy<Action<Index2D, ArrayView<double>, Steps, ArrayView<double>, Steps>> _writeOut =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView<double>, Steps, ArrayView<double>, Steps>(ReflectorKernels.WriteOut));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, ArrayView<double>, int, int, ArrayView<double>>> _accumulate =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, ArrayView<double>, int, int, ArrayView<double>>(ReflectorKernels.Accumulate));

    private readonly Lazy<Action<Index1D, ArrayView<float>, ArrayView<double>>> _widen =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<double>>(ElementKernels.Widen));

    private readonly Lazy<Action<Index1D, ArrayView<double>, ArrayView<float>>> _narrow =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<float>>(ElementKernels.Narrow));

    private readonly Lazy<Action<Index1D, ArrayView<double>, int>> _setDiagonal =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, int>(ElementKernels.SetDiagonal));

    private readonly Lazy<Action<Index1D, ArrayView<double>, int, double>> _shiftDiagonal =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, int, double>(ElementKernels.ShiftDiagonal));

    private readonly Lazy<Action<Index1D, double, ArrayView<double>, ArrayView<double>>> _addScaled =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, double, ArrayView<double>, ArrayView<double>>(ElementKernels.AddScaled));

    private readonly Lazy<Action<Index2D, ArrayView<double>, Steps, double, ArrayView<double>, Steps, double, ArrayView<double>, Steps>> _combine =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView<double>, Steps, double, ArrayView<double>, Steps, double, ArrayView<double>, Steps>(ElementKernels.Combine));

    private readonly Lazy<Action<Index2D, ArrayView<double>, int, ArrayView<int>, ArrayView<double>>> _select =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView<double>, int, ArrayView<int>, ArrayView<double>>(ElementKernels.Select));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, ArrayView<double>, ArrayView<double>>> _dot =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, ArrayView<double>, ArrayView<double>>(ReductionKernels.Dot));

    private readonly Lazy<Action<Index1D, ArrayView<double>, ArrayView<double>, int, int, ArrayView<double>, ArrayView<double>>> _residuals =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>, int, int, ArrayView<double>, ArrayView<double>>(ReductionKernels.Residuals));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, int, ArrayView<double>>> _rowSums =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, int, ArrayView<double>>(CoresetKernels.RowSums));

    private readonly Lazy<Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>>> _largestShares =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>>(CoresetKernels.LargestShares));

    private readonly Lazy<Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<int>>> _locate =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<int>>(CoresetKernels.Locate));

    /// <summary>Launches <see cref="ProductKernel.Run{T, TEntry}"/> for doubles.</summary>
    public Action<KernelConfig, ArrayView<double>, Steps, ArrayView<double>, Steps, ArrayView<double>, Steps, ProductShape> Product => _product.Value;

    /// <summary>Launches <see cref="ProductKernel.Run{T, TEntry}"/> for floats.</summary>
    public Action<KernelConfig, ArrayView<float>, Steps, ArrayView<float>, Steps, ArrayView<double>, Steps, ProductShape> ProductOfFloats => _floatProduct.Value;

    /// <summary>Launches <see cref="TriangularKernels.Solve"/>.</summary>
    public Action<Index1D, ArrayView<double>, Steps, ArrayView<double>, Steps, int, int> Solve => _solve.Value;

    /// <summary>Launches <see cref="TriangularKernels.Cholesky"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, Steps, int, int, ArrayView<int>> Cholesky => _cholesky.Value;

    /// <summary>Launches <see cref="PivotedCholeskyKernels.Choose"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<int>, ArrayView<double>, ArrayView<double>, int, int, double> ChoosePivot => _choosePivot.Value;

    /// <summary>Launches <see cref="PivotedCholeskyKernels.Row"/>.</summary>
    public Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<double>, int> PivotRow => _pivotRow.Value;

    /// <summary>Launches <see cref="ReflectorKernels.Make"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, Steps, int, int, ArrayView<double>> MakeReflector => _makeReflector.Value;

    /// <summary>Launches <see cref="ReflectorKernels.Dots"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, Steps, int, int, int, ArrayView<double>, ArrayView<double>> ReflectorDots => _reflectorDots.Value;

    /// <summary>Launches <see cref="ReflectorKernels.Update"/>.</summary>
    public Action<Index2D, ArrayView<double>, Steps, int, ArrayView<double>> ReflectorUpdate => _reflectorUpdate.Value;

    /// <summary>Launches <see cref="ReflectorKernels.WriteOut"/>.</summary>
    public Action<Index2D, ArrayView<double>, Steps, ArrayView<double>, Steps> WriteOut => _writeOut.Value;

    /// <summary>Launches <see cref="ReflectorKernels.Accumulate"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, ArrayView<double>, int, int, ArrayView<double>> Accumulate => _accumulate.Value;

    /// <summary>Launches <see cref="ElementKernels.Widen"/>.</summary>
    public Action<Index1D, ArrayView<float>, ArrayView<double>> Widen => _widen.Value;

    /// <summary>Launches <see cref="ElementKernels.Narrow"/>.</summary>
    public Action<Index1D, ArrayView<double>, ArrayView<float>> Narrow => _narrow.Value;

    /// <summary>Launches <see cref="ElementKernels.SetDiagonal"/>.</summary>
    public Action<Index1D, ArrayView<double>, int> SetDiagonal => _setDiagonal.Value;

    /// <summary>Launches <see cref="ElementKernels.ShiftDiagonal"/>.</summary>
    public Action<Index1D, ArrayView<double>, int, double> ShiftDiagonal => _shiftDiagonal.Value;

    /// <summary>Launches <see cref="ElementKernels.AddScaled"/>.</summary>
    public Action<Index1D, double, ArrayView<double>, ArrayView<double>> AddScaled => _addScaled.Value;

    /// <summary>Launches <see cref="ElementKernels.Combine"/>.</summary>
    public Action<Index2D, ArrayView<double>, Steps, double, ArrayView<double>, Steps, double, ArrayView<double>, Steps> Combine => _combine.Value;

    /// <summary>Launches <see cref="ElementKernels.Select"/>.</summary>
    public Action<Index2D, ArrayView<double>, int, ArrayView<int>, ArrayView<double>> Select => _select.Value;

    /// <summary>Launches <see cref="ReductionKernels.Dot"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, ArrayView<double>, ArrayView<double>> Dot => _dot.Value;

    /// <summary>Launches <see cref="ReductionKernels.Residuals"/>.</summary>
    public Action<Index1D, ArrayView<double>, ArrayView<double>, int, int, ArrayView<double>, ArrayView<double>> Residuals => _residuals.Value;

    /// <summary>Launches <see cref="CoresetKernels.RowSums"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, int, ArrayView<double>> RowSums => _rowSums.Value;

    /// <summary>Launches <see cref="CoresetKernels.LargestShares"/>.</summary>
    public Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>> LargestShares => _largestShares.Value;

    /// <summary>Launches <see cref="CoresetKernels.Locate"/>.</summary>
    public Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<int>> Locate => _locate.Value;
}
