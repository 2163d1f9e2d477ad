using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>An output that is fed back into an input at the next step.</summary>
/// <param name="Output">What a step ends with.</param>
/// <param name="Input">What the next one begins with.</param>
internal sealed record StateLink(string Output, string Input)
{
    /// <summary>Refuses links that a model has not both ends of.</summary>
    /// <exception cref="OnnxCompressException">OCX3021: there is no such output or input, or they differ in type.</exception>
    public void Check(OnnxModel model)
    {
        var output = model.Outputs.FirstOrDefault(output => output.Name == Output);
        var input = model.Inputs.FirstOrDefault(input => input.Name == Input);
        if (output is null || input is null || output.Type != input.Type)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.InputUnmatched,
                $"--state {Output}={Input} needs an output and an input of one type; the model's outputs are {string.Join("; ", model.Outputs)}, its inputs {string.Join("; ", model.Inputs)}.");
        }
    }
}
