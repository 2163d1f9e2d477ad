using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Running;

namespace OnnxCompress.OnnxRuntime.Tests;

public sealed class SignalStackTests
{
    /// <summary>
    /// Where the processor has tiles (AMX), a product of bytes in this thread leaves .NET too little room to turn a null reference
    /// into an exception, and the process ends: the test run itself would.
    /// </summary>
    [Fact]
    public void A_null_reference_behind_a_product_of_bytes_is_an_exception()
    {
        const int Threads = 20;
        using var session = new OrtRuntime().Open(ProductOfBytes(256), new SessionSettings(1));
        var caught = 0;
        for (var i = 0; i < Threads; i++)
        {
            // One after the other: what a thread had is given back when it ends.
            var thread = new Thread(() =>
            {
                using var result = session.Run([new HostTensor("x", ElementType.UInt8, [256, 256], new byte[256 * 256])], ["y"], default);
                try
                {
                    _ = Length(null!);
                }
                catch (NullReferenceException)
                {
                    caught++;
                }
            });
            thread.Start();
            thread.Join();
        }

        Assert.Equal(Threads, caught);
    }

    private static int Length(string text) => text.Length;

    private static OnnxModel ProductOfBytes(int size)
    {
        static ValueInfoProto Matrix(string name, ElementType type, int size)
        {
            var info = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() } };
            info.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
            info.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
            return new ValueInfoProto { Name = name, Type = info };
        }

        var graph = new GraphProto { Name = "bytes" };
        graph.Input.Add(Matrix("x", ElementType.UInt8, size));
        graph.Output.Add(Matrix("y", ElementType.Int32, size));
        graph.Initializer.Add(new TensorProto { Name = "w", DataType = (int)ElementType.Int8, Dims = { size, size }, RawData = ByteString.CopyFrom(new byte[size * size]) });
        graph.Node.Add(new NodeProto { OpType = "MatMulInteger", Name = "node", Input = { "x", "w" }, Output = { "y" } });
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return OnnxModel.Load(model.ToByteArray());
    }
}
