using OnnxCompress.Selection;

namespace OnnxCompress.Allocation;

/// <summary>What happens to one place of the model: <see cref="ChannelPlan"/> or <see cref="SplitPlan"/>.</summary>
public abstract record SitePlan
{
    private protected SitePlan(string site, CompressionMethod method, double predictedError) =>
        (Site, Method, PredictedError) = (site, method, predictedError);

    /// <summary>Name of the channel group or the layer; unique together with the kind of plan.</summary>
    public string Site { get; }

    /// <summary>The method that chose.</summary>
    public CompressionMethod Method { get; }

    /// <summary>Relative error of the outputs of the layers that are rewritten, root mean square over them.</summary>
    public double PredictedError { get; }
}
