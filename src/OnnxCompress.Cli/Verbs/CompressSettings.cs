using OnnxCompress.Cli.Options;
using OnnxCompress.Cli.Output;
using OnnxCompress.Models;

namespace OnnxCompress.Cli.Verbs;

/// <summary>Everything that <c>compress</c> was asked to do, read and checked.</summary>
internal sealed record CompressSettings
{
    /// <summary>The model to read.</summary>
    public required string Model { get; init; }

    /// <summary>Where the result goes.</summary>
    public required string Output { get; init; }

    /// <summary>Whether the plan is written in place of the model.</summary>
    public bool WritesPlan { get; init; }

    /// <summary>Whether the result must be the one that the plan gave before.</summary>
    public bool Locked { get; init; }

    /// <summary>Where the plan goes beside the model; null for nowhere.</summary>
    public string? PlanFile { get; init; }

    /// <summary>All of these, checked.</summary>
    public required Outputs Outputs { get; init; }

    /// <summary>Where reports go.</summary>
    public required IReadOnlyList<string> Reports { get; init; }

    /// <summary>The command line that does the same again.</summary>
    public required string Command { get; init; }

    /// <summary>A statistics file in place of a pass over the data; null for none.</summary>
    public required string? Statistics { get; init; }

    /// <summary>Shapes of inputs where there are no data to read them from.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; init; }

    /// <summary>What values of inputs lie between where they are made up; null: standard normal.</summary>
    public required (double Low, double High)? InputRange { get; init; }

    /// <summary>The calibration data; no files when there are statistics instead.</summary>
    public required DataSettings Data { get; init; }

    /// <summary>Separate data to hold the result against; null: part of the calibration data.</summary>
    public required DataSettings? VerifyData { get; init; }

    /// <summary>Labels of the separate data.</summary>
    public required string? Labels { get; init; }

    /// <summary>Share of the calibration data that is held out; null: by their number.</summary>
    public required double? Holdout { get; init; }

    /// <summary>How many models are judged on the samples that they were not made from; null: some samples are held out.</summary>
    public int? Folds { get; init; }

    /// <summary>Samples for statistics at most.</summary>
    public required int Samples { get; init; }

    /// <summary>For how long the result is timed beside its original.</summary>
    public TimeSpan TimedFor { get; init; }

    /// <summary>What was said about decisions; what they are is known with the model.</summary>
    public required DecisionChoice Decisions { get; init; }

    /// <summary>What held-out samples must say.</summary>
    public required Guard Guard { get; init; }

    /// <summary>The user's own measure, for which the guard holds; null: decisions.</summary>
    public JudgeCommand? Judge { get; init; }

    /// <summary>Budget and method.</summary>
    public required CompressionOptions Options { get; init; }

    /// <summary>What loading the model may touch.</summary>
    public required ModelLoadOptions Loading { get; init; }

    /// <summary>Where dense linear algebra runs.</summary>
    public required string Device { get; init; }

    /// <summary>Whether the result is written although a guard failed.</summary>
    public required bool Force { get; init; }

    /// <summary>Whether the original takes the result's place when nothing better is found.</summary>
    public required bool OriginalOtherwise { get; init; }
}
