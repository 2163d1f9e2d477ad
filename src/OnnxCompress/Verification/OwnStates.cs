using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Verification;

/// <summary>The state that a model carries from step to step of a sequence, in place of the one that the data hold.</summary>
/// <param name="recurrence">Which outputs are fed back, and where sequences begin.</param>
/// <param name="model">The model that the data were made for.</param>
internal sealed class OwnStates(Recurrence recurrence, OnnxModel model)
{
    private readonly FeedPlan _plan = FeedPlan.Of(model.Inputs);
    private IReadOnlyList<HostTensor> _state = [];

    /// <summary>The outputs to ask for besides those that are compared.</summary>
    public IEnumerable<string> Outputs => recurrence.Links.Select(link => link.Output);

    /// <summary>Every step alone, in order.</summary>
    public static IEnumerable<(int[] Indices, int Samples)> Steps(ISampleSource samples) => Enumerable.Range(0, samples.Count).Select(step => ((int[])[step], 1));

    /// <summary>What a step is fed: the model's own state, but where a sequence begins.</summary>
    public IReadOnlyList<HostTensor> Of(IReadOnlyList<HostTensor> feeds, int step) => recurrence.Starts.Contains(step)
        ? feeds
        : [.. feeds.Select(feed => _state.FirstOrDefault(own => own.Name == feed.Name) ?? feed)];

    /// <summary>Keeps the state that a step ends with.</summary>
    /// <param name="result">The step's run.</param>
    /// <param name="first">Where in it <see cref="Outputs"/> begin.</param>
    public void Take(RunResult result, int first) =>
        _state = [.. recurrence.Links.Select((link, i) => StepStates.Next(result, first + i, link, _plan))];
}
