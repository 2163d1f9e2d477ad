using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Selection;

/// <summary>A channel of a trained model is copied and its outgoing weights are halved: both rules find it, and nothing changes.</summary>
public sealed class DuplicatedChannelTests
{
    [Theory]
    [InlineData(ChannelSelection.Target)]
    [InlineData(ChannelSelection.PivotedQr)]
    public void The_copy_in_the_sample_is_found(ChannelSelection selection) => Verify(SampleFiles.Model, selection);

    [Theory]
    [InlineData("resnet20_cifar10.onnx", ChannelSelection.Target)]
    [InlineData("resnet20_cifar10.onnx", ChannelSelection.PivotedQr)]
    [InlineData("fm_lenet.onnx", ChannelSelection.Target)]
    [InlineData("squeezenet1.1_imagenet.onnx", ChannelSelection.Target)]
    public void The_copy_in_a_shared_model_is_found(string name, ChannelSelection selection) => Verify(SharedFiles.Model(name), selection);

    private static void Verify(string path, ChannelSelection selection)
    {
        var original = OnnxModel.Load(path);
        var before = new Workbench(original, ModelRunner.Samples(original, 8));
        var group = before.Analysis.Groups.Where(g => g.Producers.Count == 1 && g.Carried.Count == 0 && g.FreeChannels == g.Channels && IsActive(before, g)).MinBy(g => g.Channels)!;
        var channel = ActiveChannel(before, group);
        var widened = ChannelDuplication.Duplicate(original, before.Analysis, group, channel);
        ModelAssert.SameOutputs(original, widened, 1e-5, "half and half", before.Samples);
        var bench = new Workbench(widened, before.Samples);
        var site = bench.Group(group.Name);
        Assert.Equal(group.Channels + 1, site.Channels);

        var curve = bench.Curve(site, selection);

        // A copy is explained as soon as its twin is kept: it is the last, or among channels that are as silent.
        var position = Math.Max(Array.IndexOf(curve.Order, channel), Array.IndexOf(curve.Order, group.Channels));
        Assert.True(curve.Errors[position] < 2e-3, $"The second twin is taken as number {position} with {curve.Errors[position]:g3} left to explain.");
        int[] kept = [.. curve.Order.Where((_, i) => i != position).Order()];
        ModelAssert.SameOutputs(original, bench.Rewrite(selection, (group.Name, kept)), ModelAssert.Redundant, "the copy removed", before.Samples);
    }

    private static bool IsActive(Workbench bench, ChannelGroup group) => Energies(bench, group).Max() > 0;

    private static int ActiveChannel(Workbench bench, ChannelGroup group)
    {
        var energies = Energies(bench, group);
        return Array.IndexOf(energies, energies.Max());
    }

    private static double[] Energies(Workbench bench, ChannelGroup group)
    {
        var gram = bench.Moments(group, centre: true)[0].Total().Gram;
        return [.. Enumerable.Range(0, gram.Rows).Select(i => gram[i, i])];
    }
}
