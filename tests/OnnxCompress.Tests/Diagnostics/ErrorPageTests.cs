using System.Reflection;
using System.Text.RegularExpressions;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Diagnostics;

public sealed partial class ErrorPageTests
{
    private static readonly string Page = File.ReadAllText(RepositoryFiles.Path("docs", "errors.md"));

    private static readonly string[] Codes =
    [
        .. typeof(DiagnosticCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!),
    ];

    [Fact]
    public void Every_code_has_an_entry_and_every_entry_a_code_in_order()
    {
        string[] entries = [.. Entry().Matches(Page).Select(entry => entry.Groups["code"].Value)];

        Assert.Equal("", string.Join(", ", Codes.Except(entries)));
        Assert.Equal("", string.Join(", ", entries.Except(Codes)));
        Assert.Equal(entries.Order(StringComparer.Ordinal), entries);
    }

    [Fact]
    public void Every_entry_says_meaning_cause_and_fix()
    {
        var headings = Page.Split('\n').Count(line => line.StartsWith("## ", StringComparison.Ordinal));

        Assert.Equal(headings, Entry().Count(Page));
    }

    [Fact]
    public void No_code_has_two_meanings() => Assert.Equal(Codes.Length, Codes.Distinct().Count());

    [Fact]
    public void Every_code_begins_with_a_stage() => Assert.All(Codes, code => Assert.Matches("^OCX[1-9][0-9]{3}$", code));

    [GeneratedRegex(@"^## (?<code>OCX\d{4}): \S.*\n\n- \*\*Meaning\.\*\* \S.*\n- \*\*Cause\.\*\* \S.*\n- \*\*Fix\.\*\* \S.*\n", RegexOptions.Multiline)]
    private static partial Regex Entry();
}
