using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Samples;

/// <summary>Opens the steps of sequences for a model whose state comes from the step before.</summary>
internal static class RecurrentSamples
{
    /// <summary>Opens files, runs the model over their steps in order, and adds the states that it made to the data.</summary>
    /// <param name="model">The model whose states they are.</param>
    /// <param name="runtime">Where it runs.</param>
    /// <param name="files">The steps, and where wanted the first state (<c>state=zeros</c>, <c>state=@PATH</c>).</param>
    /// <param name="layout">What images in the files are stored as.</param>
    /// <param name="preprocessing">Applied to floating-point inputs that are no states.</param>
    /// <param name="links">Which outputs are fed back.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="OnnxCompressException">As <see cref="FileSampleSource.Open(IReadOnlyList{DataFile}, IReadOnlyList{TensorInfo}, TensorLayout, Preprocessing)"/>;
    /// OCX3021: a link has no ends, or steps of a state are given too; OCX3003: the model failed.</exception>
    public static FileSampleSource Open(
        OnnxModel model, IModelRuntime runtime, IReadOnlyList<DataFile> files, TensorLayout layout, Preprocessing preprocessing, IReadOnlyList<StateLink> links,
        CancellationToken cancellation)
    {
        foreach (var link in links)
        {
            link.Check(model);
        }

        var plan = FeedPlan.Of(model.Inputs);
        if (plan.FixedBatch > 1)
        {
            throw new OnnxCompressException(DiagnosticCodes.InputUnmatched, $"--state runs one step after the other, but the model's batch is fixed to {plan.FixedBatch}.");
        }

        bool IsState(string? input) => links.Any(link => link.Input == input);
        var start = links.Select(link => Start(plan.Find(link.Input)!, [.. files.Where(file => file.Input == link.Input)])).ToArray();
        DataFile[] stepFiles = [.. files.Where(file => !IsState(file.Input))];
        var states = new StepStates(links);
        using (var steps = FileSampleSource.Open(stepFiles, plan with { Inputs = [.. plan.Inputs.Where(feed => !IsState(feed.Input.Name))] }, layout, preprocessing, new Dictionary<string, FoundArray>()))
        using (var session = runtime.Open(model, new SessionSettings(Spin: false)))
        {
            states.Run(session, steps, start, plan, cancellation);
        }

        var made = links.ToDictionary(link => link.Input, link => states.Of(link.Input, plan.Find(link.Input)!.Input.Type), StringComparer.Ordinal);
        var source = FileSampleSource.Open(stepFiles, plan, layout, preprocessing, made);
        source.Recurrence = new(links, states.Starts);
        return source;
    }

    private static HostTensor Start(InputFeed feed, DataFile[] given)
    {
        if (given.Length > 1 || given.Any(file => !file.IsOnce))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.InputUnmatched,
                $"The state '{feed.Input.Name}' comes from the step before; what the first step begins with is given once: -d {feed.Input.Name}=zeros or -d {feed.Input.Name}=@PATH");
        }

        if (given.Length == 1 && !given[0].IsValue)
        {
            using var source = FileSampleSource.Open(given, new FeedPlan([feed], null), TensorLayout.Nchw, Preprocessing.None, new Dictionary<string, FoundArray>());
            return source.Read([0])[0];
        }

        // What has grown from step to step is empty before the first.
        long[] dims = [.. (feed.SampleDims ?? []).Select(dim => dim.Value ?? 0)];
        var value = given.Length == 1 && feed.SampleDims?.All(dim => dim.Value is not null) == true ? GivenValue.Read(given[0].Path, feed) : null;
        using var once = value ?? GivenValue.Zeros(feed, dims);
        var converter = new SampleConverter(once, 0, feed, TensorLayout.Nchw, Preprocessing.None);
        var values = converter.Allocate(1);
        converter.Read(0, values, 0);
        return Batches.Of(feed, converter.Dims, 1, values);
    }
}
