using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Running;

/// <summary>
/// Learns the shape of every tensor by running the model with all of them as outputs: right for every operator the
/// runtime knows, shape arithmetic and custom domains included. A run with another batch, and one with other lengths,
/// show which axes are dynamic.
/// </summary>
internal static class ShapeObserver
{
    /// <summary>Integer tensors up to this many elements are taken for shape arithmetic.</summary>
    private const int LargestShapeTensor = 64;

    /// <summary>Observes all shapes.</summary>
    /// <param name="runtime">Where the model runs.</param>
    /// <param name="model">The model; not changed.</param>
    /// <param name="sample">One sample for each input, or as many as the model's fixed batch holds.</param>
    /// <param name="cancellation">Stops the runs.</param>
    public static TensorShapes Observe(IModelRuntime runtime, OnnxModel model, IReadOnlyList<HostTensor> sample, CancellationToken cancellation)
    {
        var names = model.Graph.Nodes
            .Where(n => n.OpType != "Constant" || n.Tensor("value") is null)
            .SelectMany(n => n.Outputs)
            .Where(o => o.Length > 0)
            .Concat(model.Outputs.Select(o => o.Name))
            .Distinct(StringComparer.Ordinal);
        using var observed = new ObservedModel(runtime, model, names, SessionSettings.AsItStands);
        var plan = FeedPlan.Of(model.Inputs);
        var shapes = new TensorShapes { Samples = plan.FixedBatch ?? 1 };
        foreach (var input in sample)
        {
            shapes.Set(input.Name, input.Type, [.. input.Dims.Select(d => checked((int)d))]);
        }

        using (var result = observed.Run(sample, cancellation))
        {
            Note(result, observed.Tensors, shapes);
        }

        NoteDynamic(observed, Varied(plan, sample, isBatch: true), shapes, cancellation);
        NoteDynamic(observed, Varied(plan, sample, isBatch: false), shapes, cancellation);
        return shapes;
    }

    private static void Note(RunResult result, IReadOnlyList<string> tensors, TensorShapes shapes)
    {
        for (var i = 0; i < tensors.Count; i++)
        {
            var dims = result.Dims(i).Select(d => checked((int)d)).ToArray();
            shapes.Set(tensors[i], result.Type(i), dims);
            if (result.Type(i) == ElementType.Int64 && dims.Aggregate(1L, (product, d) => product * d) <= LargestShapeTensor)
            {
                shapes.SetIntegers(tensors[i], result.Values<long>(i).ToArray());
            }
        }
    }

    /// <summary>
    /// The sample with the batch, or all other dynamic axes, one larger, its own values over again: lengths, rates and masks among
    /// them stay what the model takes. Null when no such axis is dynamic.
    /// </summary>
    private static List<HostTensor>? Varied(FeedPlan plan, IReadOnlyList<HostTensor> sample, bool isBatch)
    {
        var any = false;
        var varied = new List<HostTensor>();
        foreach (var input in sample)
        {
            var feed = plan.Find(input.Name)!;
            var dims = input.Dims.ToArray();
            for (var axis = 0; axis < dims.Length; axis++)
            {
                if (axis == feed.BatchAxis == isBatch && feed.Input.Dims is { } declared && declared[axis].Value is null)
                {
                    dims[axis]++;
                    any = true;
                }
            }

            varied.Add(new HostTensor(input.Name, input.Type, dims, Repeated(input, dims.Aggregate(1L, (product, d) => product * d))));
        }

        return any ? varied : null;
    }

    private static Array Repeated(HostTensor input, long count)
    {
        var values = Array.CreateInstance(input.Values.GetType().GetElementType()!, count);
        for (long done = 0; done < count && input.Count > 0; done += input.Count)
        {
            Array.Copy(input.Values, 0, values, done, Math.Min(input.Count, count - done));
        }

        return values;
    }

    private static void NoteDynamic(ObservedModel observed, IReadOnlyList<HostTensor>? inputs, TensorShapes shapes, CancellationToken cancellation)
    {
        if (inputs is null)
        {
            return;
        }

        try
        {
            using var result = observed.Run(inputs, cancellation);
            for (var i = 0; i < observed.Tensors.Count; i++)
            {
                Compare(observed.Tensors[i], result.Dims(i), shapes);
            }

            foreach (var input in inputs)
            {
                Compare(input.Name, input.Dims, shapes);
            }
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.RunFailed)
        {
            // The model declares the axis dynamic but runs at this size only: then it is as good as fixed.
        }
    }

    private static void Compare(string tensor, IReadOnlyList<long> dims, TensorShapes shapes)
    {
        var known = shapes.Of(tensor)!;
        for (var axis = 0; axis < Math.Min(known.Length, dims.Count); axis++)
        {
            if (known[axis] != dims[axis])
            {
                shapes.SetDynamic(tensor, axis);
            }
        }
    }
}
