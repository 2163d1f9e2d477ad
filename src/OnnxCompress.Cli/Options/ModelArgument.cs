using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>Arguments that name model files.</summary>
internal static class ModelArgument
{
    /// <summary>A required model.</summary>
    public static Argument<string> Create(string name, string description) => new(name) { Description = description };
}
