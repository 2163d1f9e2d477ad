using ILGPU;
using ILGPU.Runtime;
using OnnxCompress.Numerics.Ilgpu.Kernels;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>The kernels, each compiled when first used.</summary>
/// <param name="accelerator">Where they run.</param>
internal sealed class KernelSet(Accelerator accelerator)
{
    private readonly Lazy<Action<KernelConfig, ArrayView<double>, Steps, ArrayView<double>, Steps, ArrayView<double>, Steps, ProductShape>> _product =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, Steps, ArrayView<double>, Steps, ArrayView<double>, Steps, ProductShape>(DoubleProduct.Run));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, Steps, ArrayView<float>, Steps, ArrayView<double>, Steps, ProductShape>> _floatProduct =
        new(() => accelerator.LoadStreamKernel<ArrayView<float>, Steps, ArrayView<float>, Steps, ArrayView<double>, Steps, ProductShape>(FloatProduct.Run));

    private readonly Lazy<Action<Index1D, ArrayView<double>, Steps, ArrayView<double>, Steps, int, int>> _solve =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, Steps, ArrayView<double>, Steps, int, int>(TriangularKernels.Solve));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, Steps, int, int, ArrayView<int>>> _cholesky =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, Steps, int, int, ArrayView<int>>(TriangularKernels.Cholesky));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<int>, ArrayView<double>, ArrayView<double>, int, int, double>> _choosePivot =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<int>, ArrayView<double>, ArrayView<double>, int, int, double>(PivotedCholeskyKernels.Choose));

    private readonly Lazy<Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<double>, int>> _pivotRow =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<double>, int>(PivotedCholeskyKernels.Row));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, Steps, int, int, ArrayView<double>, ArrayView<int>>> _makeReflector =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, Steps, int, int, ArrayView<double>, ArrayView<int>>(ReflectorKernels.Make));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, Steps, int, int, int, ArrayView<double>, ArrayView<double>, ArrayView<int>>> _reflectorDots =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, Steps, int, int, int, ArrayView<double>, ArrayView<double>, ArrayView<int>>(ReflectorKernels.Dots));

    private readonly Lazy<Action<Index2D, ArrayView<double>, Steps, int, ArrayView<double>, ArrayView<int>>> _reflectorUpdate =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView<double>, Steps, int, ArrayView<double>, ArrayView<int>>(ReflectorKernels.Update));

    private readonly Lazy<Action<Index2D, ArrayView<double>, Steps, ArrayView<double>, Steps>> _writeOut =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView<double>, Steps, ArrayView<double>, Steps>(ReflectorKernels.WriteOut));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, ArrayView<double>, int, int, ArrayView<double>>> _accumulate =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, ArrayView<double>, int, int, ArrayView<double>>(ReflectorKernels.Accumulate));

    private readonly Lazy<Action<Index1D, ArrayView<double>, Steps, int, ArrayView<double>, ArrayView<double>>> _measureColumns =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, Steps, int, ArrayView<double>, ArrayView<double>>(ColumnPivotKernels.Measure));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<double>, int, double>> _chooseColumn =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<double>, int, double>(ColumnPivotKernels.Choose));

    private readonly Lazy<Action<Index1D, ArrayView<double>, Steps, ArrayView<int>, int>> _exchangeColumns =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, Steps, ArrayView<int>, int>(ColumnPivotKernels.Exchange));

    private readonly Lazy<Action<Index1D, ArrayView<double>, Steps, int, ArrayView<double>, ArrayView<double>, ArrayView<int>, int>> _downdateColumns =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, Steps, int, ArrayView<double>, ArrayView<double>, ArrayView<int>, int>(ColumnPivotKernels.Downdate));

    private readonly Lazy<Action<Index1D, ArrayView<float>, ArrayView<double>>> _widen =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<double>>(ElementKernels.Widen));

    private readonly Lazy<Action<Index1D, ArrayView<double>, ArrayView<float>>> _narrow =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<float>>(ElementKernels.Narrow));

    private readonly Lazy<Action<Index1D, ArrayView<double>, int>> _setDiagonal =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, int>(ElementKernels.SetDiagonal));

    private readonly Lazy<Action<KernelConfig, ArrayView<double>, ArrayView<double>, ArrayView<double>>> _outputSums =
        new(() => accelerator.LoadStreamKernel<ArrayView<double>, ArrayView<double>, ArrayView<double>>(CoresetKernels.OutputSums));

    private readonly Lazy<Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<double>>> _sensitivities =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<double>>(CoresetKernels.Sensitivities));

    private readonly Lazy<Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<int>>> _draw =
        new(() => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<int>>(CoresetKernels.Draw));

    /// <summary>Launches <see cref="DoubleProduct.Run"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, Steps, ArrayView<double>, Steps, ArrayView<double>, Steps, ProductShape> Product => _product.Value;

    /// <summary>Launches <see cref="FloatProduct.Run"/>.</summary>
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
    public Action<KernelConfig, ArrayView<double>, Steps, int, int, ArrayView<double>, ArrayView<int>> MakeReflector => _makeReflector.Value;

    /// <summary>Launches <see cref="ReflectorKernels.Dots"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, Steps, int, int, int, ArrayView<double>, ArrayView<double>, ArrayView<int>> ReflectorDots => _reflectorDots.Value;

    /// <summary>Launches <see cref="ReflectorKernels.Update"/>.</summary>
    public Action<Index2D, ArrayView<double>, Steps, int, ArrayView<double>, ArrayView<int>> ReflectorUpdate => _reflectorUpdate.Value;

    /// <summary>Launches <see cref="ReflectorKernels.WriteOut"/>.</summary>
    public Action<Index2D, ArrayView<double>, Steps, ArrayView<double>, Steps> WriteOut => _writeOut.Value;

    /// <summary>Launches <see cref="ReflectorKernels.Accumulate"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, ArrayView<double>, int, int, ArrayView<double>> Accumulate => _accumulate.Value;

    /// <summary>Launches <see cref="ColumnPivotKernels.Measure"/>.</summary>
    public Action<Index1D, ArrayView<double>, Steps, int, ArrayView<double>, ArrayView<double>> MeasureColumns => _measureColumns.Value;

    /// <summary>Launches <see cref="ColumnPivotKernels.Choose"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, ArrayView<double>, ArrayView<int>, ArrayView<int>, ArrayView<double>, int, double> ChooseColumn => _chooseColumn.Value;

    /// <summary>Launches <see cref="ColumnPivotKernels.Exchange"/>.</summary>
    public Action<Index1D, ArrayView<double>, Steps, ArrayView<int>, int> ExchangeColumns => _exchangeColumns.Value;

    /// <summary>Launches <see cref="ColumnPivotKernels.Downdate"/>.</summary>
    public Action<Index1D, ArrayView<double>, Steps, int, ArrayView<double>, ArrayView<double>, ArrayView<int>, int> DowndateColumns => _downdateColumns.Value;

    /// <summary>Launches <see cref="ElementKernels.Widen"/>.</summary>
    public Action<Index1D, ArrayView<float>, ArrayView<double>> Widen => _widen.Value;

    /// <summary>Launches <see cref="ElementKernels.Narrow"/>.</summary>
    public Action<Index1D, ArrayView<double>, ArrayView<float>> Narrow => _narrow.Value;

    /// <summary>Launches <see cref="ElementKernels.SetDiagonal"/>.</summary>
    public Action<Index1D, ArrayView<double>, int> SetDiagonal => _setDiagonal.Value;

    /// <summary>Launches <see cref="CoresetKernels.OutputSums"/>.</summary>
    public Action<KernelConfig, ArrayView<double>, ArrayView<double>, ArrayView<double>> OutputSums => _outputSums.Value;

    /// <summary>Launches <see cref="CoresetKernels.Sensitivities"/>.</summary>
    public Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<double>, ArrayView<double>> Sensitivities => _sensitivities.Value;

    /// <summary>Launches <see cref="CoresetKernels.Draw"/>.</summary>
    public Action<Index1D, ArrayView<double>, ArrayView<double>, ArrayView<int>> Draw => _draw.Value;
}
