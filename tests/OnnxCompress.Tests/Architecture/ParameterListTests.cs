using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OnnxCompress.Tests.Architecture;

/// <summary>Whoever asks for very much says why.</summary>
public sealed class ParameterListTests
{
    private const int Most = 7;

    /// <summary>
    /// Records and structures whose parameters are data say of each what it is. Anything else has a comment above it, or above
    /// its type, that begins with <c>Many parameters:</c> and goes on with the reason.
    /// </summary>
    [Fact]
    public void Long_parameter_lists_have_their_reason_beside_them()
    {
        var lists = SourceTrees.Below().SelectMany(tree => tree.GetRoot(TestContext.Current.CancellationToken).DescendantNodes().OfType<ParameterListSyntax>())
            .Where(list => list.Parameters.Count > Most).ToArray();

        // The widest operation of the linear algebra is among them: the test sees something.
        Assert.NotEmpty(lists);
        var without = lists.Where(list => !HasReason(list)).Select(list => $"{list.Parameters.Count} parameters: {list.GetLocation().GetLineSpan()}").ToArray();
        Assert.True(without.Length == 0, string.Join('\n', without));
    }

    private static bool HasReason(ParameterListSyntax list)
    {
        var above = list.Parent!.GetLeadingTrivia().ToFullString();
        return list.Ancestors().Any(node => node is MemberDeclarationSyntax && node.GetLeadingTrivia().ToFullString().Contains("// Many parameters: ", StringComparison.Ordinal))
            || (list.Parent is RecordDeclarationSyntax or StructDeclarationSyntax && list.Parameters.All(p => above.Contains($"<param name=\"{p.Identifier.Text}\">", StringComparison.Ordinal)));
    }
}
