using System.CommandLine;
using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Search;

namespace OnnxCompress.Cli.Options;

/// <summary>What the result may cost.</summary>
internal sealed class BudgetOptions
{
    private readonly Option<string?> _parameters = OptionFactory.Text("--keep-params", "R", "Budget: share of the parameters, above 0 and at most 1.");
    private readonly Option<string?> _bytes = OptionFactory.Text("--keep-bytes", "R", "Budget: share of the file's bytes.");
    private readonly Option<string?> _macs = OptionFactory.Text("--keep-macs", "R", "Budget: share of the multiply-accumulates. Several budgets: all must hold.");
    private readonly Option<string?> _latency = OptionFactory.Text("--keep-latency", "R", "Budget: share of the time of one run, measured on this machine with --threads.");

    private readonly Option<string?> _for = OptionFactory.Text(
        "--for", "latency|bytes|macs|params", "Without a budget: what is made small within --min-agreement. Default: latency, then bytes.", "latency", "bytes", "macs", "params");

    private readonly Option<string?> _time = OptionFactory.Text(
        "--time-limit", "T", "How long it may take to find a model: 90s, 5m or 1h. The best that was found by then is written, and it is said that the search was cut short. Default: as long as it takes.");

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_parameters);
        command.Options.Add(_bytes);
        command.Options.Add(_macs);
        command.Options.Add(_latency);
        command.Options.Add(_for);
        command.Options.Add(_time);
    }

    /// <summary>Reads the options; without any, the smallest model is searched for.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011.</exception>
    public Budget Read(ParseResult parsed) => new(
        OptionText.Share("--keep-params", parsed.GetValue(_parameters)),
        OptionText.Share("--keep-bytes", parsed.GetValue(_bytes)),
        OptionText.Share("--keep-macs", parsed.GetValue(_macs)),
        OptionText.Share("--keep-latency", parsed.GetValue(_latency)));

    /// <summary>How long the search may take; null for as long as it takes.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011; OCX9014: nothing is searched for.</exception>
    public TimeSpan? TimeLimit(ParseResult parsed, bool hasPlan) => parsed.GetValue(_time) is not { } text ? null
        : hasPlan ? throw Usage.Conflict("--time-limit ends a search, and --plan leaves nothing to search for. Give one of them.")
        : OptionText.Duration("--time-limit", text);

    /// <summary>What is made small where there is no budget.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX9011; OCX9014: something else says how small.</exception>
    public CompressionObjective Objective(ParseResult parsed, CompressionOptions options)
    {
        if (parsed.GetValue(_for) is not { } word)
        {
            // Elsewhere nothing is known of time.
            return options.Target == RunTarget.Cpu ? CompressionObjective.Latency : CompressionObjective.Bytes;
        }

        if (word == "latency" && options.Target != RunTarget.Cpu)
        {
            throw Usage.Conflict("--for latency measures this processor; with another --target nothing is known of time.");
        }

        return options.Budget.IsLimited || options.Plan is not null || options.RemovesNothing
            ? throw Usage.Conflict("--for says what is made small where nothing says how small; beside a budget, a plan or --methods none leave it out.")
            : OptionText.Word(
                "--for", word, ("latency", CompressionObjective.Latency), ("bytes", CompressionObjective.Bytes), ("macs", CompressionObjective.Macs),
                ("params", CompressionObjective.Parameters));
    }
}
