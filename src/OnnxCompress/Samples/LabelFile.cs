using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Class ids of samples, one for each, in a <c>.npy</c> file of integers.</summary>
public static class LabelFile
{
    /// <summary>Reads all labels.</summary>
    /// <param name="path">A <c>.npy</c> file of shape <c>N</c> or <c>N,1</c>.</param>
    /// <exception cref="OnnxCompressException">OCX3001, OCX3002 or OCX3020: not readable; OCX7005: not a list of integers.</exception>
    public static IReadOnlyList<long> Read(string path)
    {
        var arrays = ArrayFiles.OpenFile(path);
        try
        {
            var array = arrays[0];
            var perSample = array.SampleDims.Aggregate(1L, (product, dim) => product * dim);
            if (arrays.Count != 1 || perSample != 1 || array.Type.IsFloatingPoint())
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.LabelsMismatch,
                    $"'{path}' holds {array.Type}[{array.Count},{string.Join(',', array.SampleDims)}]; labels are one integer for each sample.");
            }

            var labels = new long[array.Count];
            var stored = new byte[array.SampleBytes];
            for (var index = 0; index < labels.Length; index++)
            {
                array.ReadSample(index, stored);
                StoredValues.ToInt64(array.Type, stored, labels.AsSpan(index, 1));
            }

            return labels;
        }
        finally
        {
            foreach (var array in arrays)
            {
                array.Dispose();
            }
        }
    }
}
