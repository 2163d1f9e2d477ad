using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Models;

public sealed class SideFileRuleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

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
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), location == "absolute" ? target : location, "inner/model.onnx", dataFile: target);

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
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), linkIsFolder ? "link/secret.bin" : "link.bin", dataFile: elsewhere.File("secret.bin"));
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
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), "link.bin", dataFile: _folder.File("real.bin"));
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
        var builder = SideFileModels.TwoLayers();
        var path = SideFileModels.Write(_folder, builder, "weights.bin", edit: tensor =>
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
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), "weights.bin");

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
        foreach (var place in Enum.GetValues<TensorPlace>())
        {
            var path = _folder.Write("model.onnx", SideFileModels.Inside(place, location).Bytes());

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
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), location, dataFile: _folder.File(location.Contains("sub", StringComparison.Ordinal) ? "sub/weights.bin" : "weights.bin"));

        ModelAssert.SameOutputs(SideFileModels.TwoLayers().Build(), OnnxModel.Load(path), 1e-12, "the same bytes");
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
            var path = _folder.Write("model.onnx", SideFileModels.Inside(TensorPlace.Initializer, name).Bytes());
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
        var path = _folder.Write("model.onnx", SideFileModels.Inside(TensorPlace.Initializer, location).Bytes());

        var error = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(path, new ModelLoadOptions(AllowExternalOutside: true)));

        Assert.Equal(code, error.Diagnostic.Code);
    }

    [Fact]
    public void The_folder_that_counts_is_the_one_the_link_of_a_model_leads_to()
    {
        using var links = new TemporaryFolder();
        var path = SideFileModels.Write(_folder, SideFileModels.TwoLayers(), "weights.bin");
        File.CreateSymbolicLink(links.File("one.onnx"), path);
        File.CreateSymbolicLink(links.File("model.onnx"), links.File("one.onnx"));

        ModelAssert.SameOutputs(SideFileModels.TwoLayers().Build(), OnnxModel.Load(links.File("model.onnx")), 1e-12, "the same bytes");
        File.Move(_folder.File("weights.bin"), links.File("weights.bin"));
        var beside = Assert.Throws<OnnxCompressException>(() => OnnxModel.Load(links.File("model.onnx")));
        var trusted = OnnxModel.Load(links.File("model.onnx"), new ModelLoadOptions(AllowExternalOutside: true));

        Assert.Equal(DiagnosticCodes.ExternalDataMissing, beside.Diagnostic.Code);
        ModelAssert.SameOutputs(SideFileModels.TwoLayers().Build(), trusted, 1e-12, "the same bytes");
    }
}
