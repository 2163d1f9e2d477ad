using System.CommandLine;
using OnnxCompress.Allocation;

namespace OnnxCompress.Cli.Options;

/// <summary>What the result may cost.</summary>
internal sealed class BudgetOptions
{
    private readonly Option<string?> _parameters = OptionFactory.Text("--keep-params", "R", "Budget: share of the parameters, above 0 and at most 1.");
    private readonly Option<string?> _bytes = OptionFactory.Text("--keep-bytes", "R", "Budget: share of the file's bytes.");
    private readonly Option<string?> _macs = OptionFactory.Text("--keep-macs", "R", "Budget: share of the multiply-accumulates. Several budgets: all must hold.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_parameters);
        command.Options.Add(_bytes);
        command.Options.Add(_macs);
    }

    /// <summary>Reads the options.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011 or OCX9012.</exception>
    public Budget Read(ParseResult parsed)
    {
        var budget = new Budget(
            OptionText.Share("--keep-params", parsed.GetValue(_parameters)),
            OptionText.Share("--keep-bytes", parsed.GetValue(_bytes)),
            OptionText.Share("--keep-macs", parsed.GetValue(_macs)));
        return budget.IsLimited
            ? budget
            : throw Usage.Missing(
                "A budget is missing: --keep-params R, --keep-bytes R or --keep-macs R, for instance --keep-macs 0.5. "
                + "Searching for the smallest model by agreement alone is not supported yet.");
    }
}
