namespace OnnxCompress.MSBuild;

/// <summary>What every task here takes from the project about warnings.</summary>
public interface IWarningRules
{
    /// <summary>docs/errors.md of the package.</summary>
    string? ErrorsPage { get; }

    /// <summary>An address that a code is appended to, in place of the packed page.</summary>
    string? HelpLinkBase { get; }

    /// <summary>Codes that are not shown.</summary>
    string? NoWarn { get; }

    /// <summary>Whether every warning is an error.</summary>
    string? TreatWarningsAsErrors { get; }

    /// <summary>Codes that are errors.</summary>
    string? WarningsAsErrors { get; }

    /// <summary>Codes that stay warnings.</summary>
    string? WarningsNotAsErrors { get; }
}
