using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Models;

/// <summary>What is read is written back, down to the bit.</summary>
public sealed class RoundTripTests
{
    [Theory]
    [InlineData("fm_lenet.onnx")]
    [InlineData("fm_mlp.onnx")]
    [InlineData("magika_v3_3.onnx")]
    [InlineData("mlperf_resnet8_cifar10.onnx")]
    [InlineData("mobilenet_v2_imagenet.onnx")]
    [InlineData("resnet20_cifar10.onnx")]
    [InlineData("resnet20_cifar10_bn.onnx")]
    [InlineData("squeezenet1.1_imagenet.onnx")]
    [InlineData("sst2_encoder.onnx")]
    public void A_shared_model_answers_alike_after_saving(string name) => Verify(SharedFiles.Model(name));

    [Fact]
    public void The_sample_answers_alike_after_saving() => Verify(SampleFiles.Model);

    [Fact]
    public void Unknown_fields_are_kept_byte_for_byte()
    {
        // Field 777 at the end of the model, a node, an initializer and a shape, as a newer specification might add.
        var builder = Small();
        byte[] unknown = [0xCA, 0x30, 0x03, 0x01, 0x02, 0x03];
        var proto = builder.Proto;
        proto.Graph.Node[0] = NodeProto.Parser.ParseFrom([.. proto.Graph.Node[0].ToByteArray(), .. unknown]);
        proto.Graph.Initializer[0] = TensorProto.Parser.ParseFrom([.. proto.Graph.Initializer[0].ToByteArray(), .. unknown]);
        proto.Graph.Input[0] = ValueInfoProto.Parser.ParseFrom([.. proto.Graph.Input[0].ToByteArray(), .. unknown]);
        byte[] bytes = [.. proto.ToByteArray(), .. unknown];

        var model = OnnxModel.Load(bytes);

        Assert.Equal(bytes, model.ToBytes());
        Assert.Equal(bytes, model.Clone().ToBytes());
    }

    [Fact]
    public void A_rewritten_model_keeps_unknown_fields_metadata_and_foreign_attributes()
    {
        var builder = Small();
        builder.Graph.Node[0].Attribute.Add(new AttributeProto { Name = "note", Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8("kept") });
        builder.Graph.Node[0].Attribute.RemoveAt(builder.Graph.Node[0].Attribute.Count - 1);
        builder.Graph.Node[0].DocString = "from the exporter";
        builder.Proto.MetadataProps.Add(new StringStringEntryProto { Key = "author", Value = "someone" });
        var bytes = builder.Bytes().Concat(new byte[] { 0xCA, 0x30, 0x01, 0x07 }).ToArray();
        var bench = new Workbench(OnnxModel.Load(bytes));

        var rewritten = ModelProto.Parser.ParseFrom(bench.Slice(("c1", [0, 2])).ToBytes());

        Assert.Equal("someone", rewritten.MetadataProps.Single().Value);
        Assert.Equal("from the exporter", rewritten.Graph.Node[0].DocString);
        Assert.Equal([0xCA, 0x30, 0x01, 0x07], rewritten.ToByteArray()[^4..]);
    }

    [Fact]
    public void A_new_element_type_survives_where_it_is_not_touched()
    {
        var builder = Small();
        builder.Graph.Initializer.Add(new TensorProto { Name = "future", DataType = 99, RawData = ByteString.CopyFrom(1, 2, 3) });

        var model = builder.Build();

        Assert.Equal(builder.Bytes(), model.ToBytes());
    }

    private static TestModel Small()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2, 3, 3);
        builder.Conv("c2", builder.Conv("c1", "x", 2, 3), 3, 2);
        return builder.Output("c2", "N", 2, 3, 3);
    }

    private static void Verify(string path)
    {
        using var folder = new TemporaryFolder();
        var saved = folder.File("saved.onnx");
        var before = OnnxModel.Load(path);

        before.Save(saved);

        var after = OnnxModel.Load(saved);
        ModelAssert.SameContract(before, after);
        var samples = ModelRunner.Samples(before, count: 2, dynamicSize: 16);
        foreach (var (expected, actual) in ModelRunner.Run(before, samples, 2, optimize: true).Zip(ModelRunner.Run(after, samples, 2, optimize: true)))
        {
            Assert.Equal(expected.Dims, actual.Dims);
            Assert.True(expected.Bytes.AsSpan().SequenceEqual(actual.Bytes), $"Output '{expected.Name}' changed.");
        }
    }
}
