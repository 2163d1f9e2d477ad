using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace OnnxCompress.Tests.Architecture;

/// <summary>How an operator stores its weight and names its attributes is known in one place.</summary>
public sealed class LayerDescriptionTests
{
    private static readonly string[] Others = [Path.Combine("Models", "ModelChecks.cs"), Path.Combine("Simplification", "PlainProducts.cs")];

    private static readonly string[] Attributes = ["transB", "group", "pads", "auto_pad", "strides", "dilations", "kernel_shape"];

    /// <summary>
    /// Dependencies describe layers; the checks of models bound every attribute, whatever the operator, and what restates another
    /// operator as a product reads those of that operator.
    /// </summary>
    [Fact]
    public void Only_the_description_of_layers_names_their_attributes()
    {
        var named = SourceTrees.Below("OnnxCompress")
            .SelectMany(tree => tree.GetRoot(TestContext.Current.CancellationToken).DescendantTokens()
                .Where(token => token.IsKind(SyntaxKind.StringLiteralToken) && Attributes.Contains(token.ValueText))
                .Select(token => Path.GetRelativePath(SourceTrees.Root("OnnxCompress"), tree.FilePath)))
            .Distinct().Order(StringComparer.Ordinal).ToArray();

        Assert.Contains(Path.Combine("Dependencies", "ConvolutionWindow.cs"), named);
        Assert.DoesNotContain(named, file => !file.StartsWith("Dependencies", StringComparison.Ordinal) && !Others.Contains(file));
    }
}
