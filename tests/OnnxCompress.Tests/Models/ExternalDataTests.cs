using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Models;

public sealed class ExternalDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Weights_in_a_side_file_are_read_and_written()
    {
        var plain = Builder().Build();
        var path = WriteExternal(Builder(), "weights.bin");

        var model = OnnxModel.Load(path);
        model.Save(_folder.File("out.onnx"));
        var again = OnnxModel.Load(_folder.File("out.onnx"));

        Assert.True(model.NeedsExternalData);
        Assert.True(new FileInfo(_folder.File("out.onnx.data")).Length >= 64 * 32 * 4);
        Assert.True(new FileInfo(_folder.File("out.onnx")).Length < 2048, "The weights are still in the model's own file.");
        ModelAssert.SameOutputs(plain, model, 1e-12, "the same bytes");
        ModelAssert.SameOutputs(plain, again, 1e-12, "the same bytes");
    }

    [Fact]
    public void A_model_saved_over_itself_keeps_its_weights()
    {
        var path = WriteExternal(Builder(), "model.onnx.data", "model.onnx");
        var model = OnnxModel.Load(path);

        model.Save(path);

        ModelAssert.SameOutputs(Builder().Build(), OnnxModel.Load(path), 1e-12, "the same bytes");
    }

    [Theory]
    [InlineData("../outside.bin")]
    [InlineData("sub/../../outside.bin")]
    [InlineData("absolute")]
    public void Data_outside_the_folder_are_refused(string location)
    {
        using var elsewhere = new TemporaryFolder();
        var model = Path.Combine(_folder.Root, "inner");
        Directory.CreateDirectory(Path.Combine(model, "sub"));
        var target = location == "absolute" ? elsewhere.File("outside.bin") : _folder.File("outside.bin");
        var path = WriteExternal(Builder(), location == "absolute" ? target : location, "inner/model.onnx", dataFile: target);

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path));

        Assert.Equal(DiagnosticCodes.ExternalDataOutside, error.Diagnostic.Code);
        Assert.NotNull(OnnxModel.Load(path, new ModelLoadOptions(AllowExternalOutside: true)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_that_leads_out_of_the_folder_is_refused(bool linkIsFolder)
    {
        using var elsewhere = new TemporaryFolder();
        var path = WriteExternal(Builder(), linkIsFolder ? "link/secret.bin" : "link.bin", dataFile: elsewhere.File("secret.bin"));
        if (linkIsFolder)
        {
            Directory.CreateSymbolicLink(_folder.File("link"), elsewhere.Root);
        }
        else
        {
            File.CreateSymbolicLink(_folder.File("link.bin"), elsewhere.File("secret.bin"));
        }

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path));

        Assert.Equal(DiagnosticCodes.ExternalDataOutside, error.Diagnostic.Code);
    }

    [Fact]
    public void A_link_inside_the_folder_is_followed()
    {
        var path = WriteExternal(Builder(), "link.bin", dataFile: _folder.File("real.bin"));
        File.CreateSymbolicLink(_folder.File("link.bin"), _folder.File("real.bin"));

        Assert.NotNull(OnnxModel.Load(path));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("short")]
    [InlineData("offset")]
    [InlineData("length")]
    [InlineData("location")]
    public void Data_that_are_not_there_are_refused(string what)
    {
        var builder = Builder();
        var path = WriteExternal(builder, "weights.bin", edit: tensor =>
        {
            switch (what)
            {
                case "offset":
                    tensor.ExternalData.Single(e => e.Key == "offset").Value = "-4";
                    break;
                case "length":
                    tensor.ExternalData.Single(e => e.Key == "length").Value = "99999999999999999999";
                    break;
                case "location":
                    tensor.ExternalData.Remove(tensor.ExternalData.Single(e => e.Key == "location"));
                    break;
            }
        });
        if (what == "missing")
        {
            File.Delete(_folder.File("weights.bin"));
        }
        else if (what == "short")
        {
            File.WriteAllBytes(_folder.File("weights.bin"), File.ReadAllBytes(_folder.File("weights.bin"))[..^1]);
        }

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path));

        Assert.Equal(DiagnosticCodes.ExternalDataMissing, error.Diagnostic.Code);
        Assert.Contains("f1.w", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_in_memory_has_no_folder_to_look_in()
    {
        var path = WriteExternal(Builder(), "weights.bin");

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(File.ReadAllBytes(path)));

        Assert.Equal(DiagnosticCodes.ExternalDataMissing, error.Diagnostic.Code);
    }

    [Theory]
    [InlineData("../outside.bin", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("..\\outside.bin", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("sub/../weights.bin", DiagnosticCodes.ExternalDataOutside)]
    [InlineData(".. /outside.bin", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("/etc/hostname", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("\\\\server\\share\\weights.bin", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("C:\\weights.bin", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("C:weights.bin", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("/proc/self/environ", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("/dev/zero", DiagnosticCodes.ExternalDataOutside)]
    [InlineData("weights.bin:stream", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData(".", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData("./", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData("weights.bin/", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData("weights.bin\n--force", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData("weights.bin\0", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData("sub", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData("model.onnx", DiagnosticCodes.ExternalDataUnusable)]
    [InlineData("", DiagnosticCodes.ExternalDataMissing)]
    [InlineData("absent.bin", DiagnosticCodes.ExternalDataMissing)]
    public void A_name_that_is_no_side_file_is_refused_wherever_the_tensor_lies(string location, string code)
    {
        Directory.CreateDirectory(_folder.File("sub"));
        foreach (var place in Enum.GetValues<Place>())
        {
            var path = _folder.Write("model.onnx", Inside(place, location).Bytes());

            var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path));

            Assert.Equal(code, error.Diagnostic.Code);
            Assert.Contains("'hidden'", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("./weights.bin")]
    [InlineData("sub/weights.bin")]
    [InlineData("sub\\weights.bin")]
    public void A_name_below_the_folder_is_read_from_there(string location)
    {
        Directory.CreateDirectory(_folder.File("sub"));
        var path = WriteExternal(Builder(), location, dataFile: _folder.File(location.Contains("sub", StringComparison.Ordinal) ? "sub/weights.bin" : "weights.bin"));

        ModelAssert.SameOutputs(Builder().Build(), OnnxModel.Load(path), 1e-12, "the same bytes");
    }

    [Fact]
    public void A_fifo_a_socket_and_a_loop_are_refused_at_once_also_for_a_trusted_model()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Windows has no such files in folders.");
        using var mkfifo = System.Diagnostics.Process.Start("mkfifo", [_folder.File("fifo")]);
        mkfifo.WaitForExit();
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(_folder.File("socket")));
        File.CreateSymbolicLink(_folder.File("loop"), _folder.File("loop"));
        File.CreateSymbolicLink(_folder.File("link"), _folder.File("fifo"));

        foreach (var (name, code) in new[]
        {
            ("fifo", DiagnosticCodes.ExternalDataUnusable), ("link", DiagnosticCodes.ExternalDataUnusable),
            ("socket", DiagnosticCodes.ExternalDataUnusable), ("loop", DiagnosticCodes.ExternalDataMissing),
        })
        {
            var path = _folder.Write("model.onnx", Inside(Place.Initializer, name).Bytes());
            foreach (var trusted in new[] { false, true })
            {
                var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path, new ModelLoadOptions(trusted)));

                Assert.Equal(code, error.Diagnostic.Code);
            }
        }

        Assert.Equal(DiagnosticCodes.InputNotAFile, Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(_folder.File("fifo"))).Diagnostic.Code);
    }

    [Theory]
    [InlineData("/proc/self/environ", DiagnosticCodes.InitializerMalformed)]
    [InlineData("/dev/zero", DiagnosticCodes.ExternalDataUnusable)]
    public void Not_even_a_trusted_model_reads_what_has_no_size(string location, string code)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has these files.");
        var path = _folder.Write("model.onnx", Inside(Place.Initializer, location).Bytes());

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path, new ModelLoadOptions(AllowExternalOutside: true)));

        Assert.Equal(code, error.Diagnostic.Code);
    }

    [Fact]
    public void The_folder_that_counts_is_the_one_the_link_of_a_model_leads_to()
    {
        using var links = new TemporaryFolder();
        var path = WriteExternal(Builder(), "weights.bin");
        File.CreateSymbolicLink(links.File("one.onnx"), path);
        File.CreateSymbolicLink(links.File("model.onnx"), links.File("one.onnx"));

        ModelAssert.SameOutputs(Builder().Build(), OnnxModel.Load(links.File("model.onnx")), 1e-12, "the same bytes");
        File.Move(_folder.File("weights.bin"), links.File("weights.bin"));
        var beside = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(links.File("model.onnx")));
        var trusted = OnnxModel.Load(links.File("model.onnx"), new ModelLoadOptions(AllowExternalOutside: true));

        Assert.Equal(DiagnosticCodes.ExternalDataMissing, beside.Diagnostic.Code);
        ModelAssert.SameOutputs(Builder().Build(), trusted, 1e-12, "the same bytes");
    }

    [Fact]
    public void Data_of_inner_tensors_are_read_hashed_and_carried_along()
    {
        foreach (var place in Enum.GetValues<Place>())
        {
            File.WriteAllBytes(_folder.File("side.bin"), [.. Enumerable.Range(0, 32).SelectMany(i => BitConverter.GetBytes(i / 8f))]);
            var expected = Inside(place, null).Build();
            var model = OnnxModel.Load(_folder.Write("model.onnx", Inside(place, "side.bin").Bytes()));
            using var elsewhere = new TemporaryFolder();

            model.Save(elsewhere.File("out.onnx"));

            // By its path, as an app does: a reference that still dangles would be looked up beside it.
            using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(elsewhere.File("out.onnx"));
            ModelAssert.SameOutputs(expected, model, 1e-12, $"the same bytes in {place}");
            ModelAssert.SameOutputs(expected, OnnxModel.Load(elsewhere.File("out.onnx")), 1e-12, $"the same bytes in {place}");
            File.WriteAllBytes(_folder.File("side.bin"), new byte[128]);
            Assert.NotEqual(model.SourceSha256, OnnxModel.Load(_folder.File("model.onnx")).SourceSha256);
        }
    }

    [Fact]
    public void Tied_and_overlapping_weights_share_their_bytes_in_memory_and_in_the_side_file()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 64);
        builder.Gemm("f3", builder.Gemm("f2", builder.Gemm("f1", "x", 64, 64), 64, 64), 64, 64);
        builder.Output("f3", "N", 64);
        var weights = new byte[64 * 64 * 4 + 1024];
        for (var i = 0; i < weights.Length / 4; i++)
        {
            BitConverter.TryWriteBytes(weights.AsSpan(i * 4), MathF.Sin(i) / 8);
        }

        TensorProto Tensor(string name) => builder.Graph.Initializer.Single(i => i.Name == name);
        foreach (var (name, offset) in new[] { ("f1.w", 0), ("f2.w", 0), ("f3.w", 1024) })
        {
            Tensor(name).RawData = Google.Protobuf.ByteString.CopyFrom(weights.AsSpan(offset, 64 * 64 * 4));
        }

        var plain = builder.Build();
        foreach (var (name, offset) in new[] { ("f1.w", 0), ("f2.w", 0), ("f3.w", 1024) })
        {
            Point(Tensor(name), "weights.bin", offset, 64 * 64 * 4);
        }

        _folder.Write("weights.bin", weights);
        var model = OnnxModel.Load(_folder.Write("model.onnx", builder.Bytes()));
        model.Save(_folder.File("out.onnx"));

        ModelAssert.SameOutputs(plain, model, 1e-12, "the same bytes");
        ModelAssert.SameOutputs(plain, OnnxModel.Load(_folder.File("out.onnx")), 1e-12, "the same bytes");
        Assert.Equal(weights, File.ReadAllBytes(_folder.File("out.onnx.data")));
    }

    [Fact]
    public void Many_tensors_over_one_file_take_the_memory_of_one()
    {
        const int Size = 4 << 20;
        var builder = Builder();
        _folder.Write("large.bin", new byte[Size]);
        for (var i = 0; i < 500; i++)
        {
            var tensor = new TensorProto { Name = $"t{i}", DataType = (int)ElementType.UInt8, Dims = { Size - i } };
            builder.Graph.Initializer.Add(tensor);
            Point(tensor, "large.bin", i, Size - i);
        }

        var path = _folder.Write("model.onnx", builder.Bytes());
        var before = GC.GetTotalAllocatedBytes();

        var model = OnnxModel.Load(path);

        Assert.True(GC.GetTotalAllocatedBytes() - before < 10 * Size, $"{GC.GetTotalAllocatedBytes() - before} bytes were allocated.");
        model.Save(_folder.File("out.onnx"));
        Assert.Equal(Size, new FileInfo(_folder.File("out.onnx.data")).Length);
    }

    [Fact]
    public void A_copy_is_the_file_itself_or_has_side_files_of_its_own_name()
    {
        using var elsewhere = new TemporaryFolder();
        var plain = _folder.Write("plain.onnx", Builder().Bytes());
        var apart = WriteExternal(Builder(), "compress.rsp");

        OnnxModel.Copy(plain, elsewhere.File("plain.onnx"));
        OnnxModel.Copy(apart, elsewhere.File("apart.onnx"));

        Assert.Equal(File.ReadAllBytes(plain), File.ReadAllBytes(elsewhere.File("plain.onnx")));
        ModelAssert.SameOutputs(Builder().Build(), OnnxModel.Load(elsewhere.File("apart.onnx")), 1e-12, "the same bytes");
        Assert.Equal(["apart.onnx", "apart.onnx.data", "plain.onnx"], Directory.GetFiles(elsewhere.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_side_file_with_a_name_like_those_between_two_versions_is_left_alone()
    {
        var path = WriteExternal(Builder(), "model.onnx.new-weights.data");
        var model = OnnxModel.Load(path);
        _folder.Write("model.onnx.data", []);

        model.Save(path);

        Assert.True(File.Exists(_folder.File("model.onnx.new-weights.data")));
        Assert.Equal(["model.onnx.data", "model.onnx.new-weights.data"], Directory.GetFiles(_folder.Root, "*.data").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>Where a tensor may lie in a model.</summary>
    private enum Place
    {
        Initializer,
        Constant,
        Branch,
        BranchConstant,
        Sparse,
        SparseConstant,
        Function,
    }

    /// <summary>A model that adds the tensor 'hidden', 0, 1/8, 2/8 and so on, to its input; the tensor lies in a place, and in a side file if there is a name for it.</summary>
    private static TestModel Inside(Place place, string? location)
    {
        var hidden = new TensorProto
        {
            Name = "hidden", DataType = (int)ElementType.Float, Dims = { 32 },
            RawData = Google.Protobuf.ByteString.CopyFrom([.. Enumerable.Range(0, 32).SelectMany(i => BitConverter.GetBytes(i / 8f))]),
        };
        if (location is not null)
        {
            Point(hidden, location);
        }

        var builder = new TestModel();
        builder.Input("x", "N", 32);
        builder.Node("Add", "y", ["x", "c"]);
        builder.Output("y", "N", 32);
        Put(builder, place, hidden);
        return builder;
    }

    private static void Put(TestModel builder, Place place, TensorProto hidden)
    {
        var indices = new TensorProto { DataType = (int)ElementType.Int64, Dims = { 32 }, Int64Data = { Enumerable.Range(0, 32).Select(i => (long)i) } };
        switch (place)
        {
            case Place.Initializer:
                builder.Graph.Initializer.Add(hidden);
                builder.Node("Identity", "c", ["hidden"]);
                break;
            case Place.Constant:
                builder.Node("Constant", "c", [], ("value", hidden));
                break;
            case Place.Sparse:
                builder.Graph.SparseInitializer.Add(new SparseTensorProto { Values = hidden, Indices = indices, Dims = { 32 } });
                builder.Node("Identity", "c", ["hidden"]);
                break;
            case Place.SparseConstant:
                builder.Node("Constant", "c", []);
                builder.Graph.Node[^1].Attribute.Add(new AttributeProto
                {
                    Name = "sparse_value", Type = AttributeProto.Types.AttributeType.SparseTensor,
                    SparseTensor = new SparseTensorProto { Values = hidden, Indices = indices, Dims = { 32 } },
                });
                break;
            case Place.Function:
                var function = new FunctionProto { Name = "Hidden", Domain = "test", Output = { "out" } };
                function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
                function.Node.Add(Made("Constant", "out", ("value", hidden)));
                builder.Proto.Functions.Add(function);
                builder.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "test", Version = 1 });
                builder.Node("Hidden", "c", []);
                builder.Graph.Node[^1].Domain = "test";
                break;
            default:
                var branch = new GraphProto { Name = "branch" };
                if (place == Place.Branch)
                {
                    branch.Initializer.Add(hidden);
                    branch.Node.Add(Made("Identity", "out"));
                    branch.Node[0].Input.Add("hidden");
                }
                else
                {
                    branch.Node.Add(Made("Constant", "out", ("value", hidden)));
                }

                branch.Output.Add(TestModel.Value("out", ElementType.Float, 32));
                builder.Graph.Initializer.Add(new TensorProto { Name = "yes", DataType = (int)ElementType.Bool, RawData = Google.Protobuf.ByteString.CopyFrom(1) });
                builder.Node("If", "c", ["yes"], ("then_branch", branch), ("else_branch", branch.Clone()));
                break;
        }

        // Its maker comes before its reader.
        builder.Graph.Node.Insert(0, builder.Graph.Node[^1]);
        builder.Graph.Node.RemoveAt(builder.Graph.Node.Count - 1);
    }

    private static NodeProto Made(string opType, string output, params (string Name, TensorProto Value)[] attributes)
    {
        var node = new NodeProto { OpType = opType, Name = output, Output = { output } };
        node.Attribute.AddRange(attributes.Select(a => new AttributeProto { Name = a.Name, Type = AttributeProto.Types.AttributeType.Tensor, T = a.Value }));
        return node;
    }

    private static void Point(TensorProto tensor, string location, long? offset = null, long? length = null)
    {
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        foreach (var (key, value) in new[] { ("offset", offset), ("length", length) })
        {
            if (value is not null)
            {
                tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = $"{value}" });
            }
        }
    }

    private static TestModel Builder()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 32);
        builder.Gemm("f2", builder.Gemm("f1", "x", 32, 64), 64, 3);
        return builder.Output("f2", "N", 3);
    }

    /// <summary>Moves f1's weight out by hand, so that reading is tested apart from writing.</summary>
    private string WriteExternal(TestModel builder, string location, string name = "model.onnx", string? dataFile = null, Action<TensorProto>? edit = null)
    {
        var tensor = builder.Graph.Initializer.Single(i => i.Name == "f1.w");
        File.WriteAllBytes(dataFile ?? _folder.File(location), [.. new byte[16], .. tensor.RawData.Span]);
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        foreach (var (key, value) in new[] { ("location", location), ("offset", "16"), ("length", $"{tensor.RawData.Length}") })
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        tensor.ClearRawData();
        edit?.Invoke(tensor);
        return _folder.Write(name, builder.Bytes());
    }
}
