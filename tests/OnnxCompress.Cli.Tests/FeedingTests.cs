using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>Models whose inputs are not simply samples along the first axis, as users run them.</summary>
public sealed class FeedingTests : IDisposable
{
    private const int Steps = 120;

    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("small.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_voice_model_needs_no_option_to_be_inspected_and_names_all_that_it_is_fed()
    {
        var model = Voice();

        var inspected = CliRun.Of("inspect", model);

        Assert.True(inspected.Code == 0, inspected.Error);
        CliRun.Of("compress", model, "-o", Out, "--keep-params", "0.8", "-d", Chunks("chunk"))
            .HasOneError(1, DiagnosticCodes.InputUnmatched, "state: Float[2,N,16] and rate: Int64[]; add -d state=PATH -d rate=VALUE");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_voice_model_is_compressed_and_keeps_its_signature(bool sampleFirst)
    {
        var model = Voice();
        var state = _folder.Write("state.npy", NpyBytes.Of(sampleFirst ? [Steps, 2, 16] : [2, Steps, 16], Normal(Steps * 32, 2)));

        var run = Compress(model, "0.8", "-d", Chunks("chunk"), "-d", $"state={state}", "-d", "rate=16000");

        Assert.True(run.Code == 0, run.Error);
        var (before, after) = (OnnxModel.Load(model), OnnxModel.Load(Out));
        Assert.Equal(before.Inputs.Select(input => input.ToString()), after.Inputs.Select(input => input.ToString()));
        Assert.Equal(before.Outputs.Select(output => output.ToString()), after.Outputs.Select(output => output.ToString()));
        Assert.True(after.ToBytes().Length < before.ToBytes().Length);
    }

    [Fact]
    public void A_batch_of_minus_one_stays_as_it_is()
    {
        var model = new TestModel(seed: 3);
        model.Input("x", -1, 8);
        model.Gemm("fc2", model.Relu("r1", model.Gemm("fc1", "x", 8, 32)), 32, 4);
        var path = _folder.Write("model.onnx", model.Output("fc2", -1, 4).Bytes());

        var run = Compress(path, "0.8", "-d", _folder.Write("x.npy", NpyBytes.Of([Steps, 8], Normal(Steps * 8, 1))));

        Assert.True(run.Code == 0, run.Error);
        var written = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Out)).Graph;
        Assert.Equal([-1, -1], new[] { written.Input[0], written.Output[0] }.Select(value => value.Type.TensorType.Shape.Dim[0].DimValue));
    }

    [Fact]
    public void A_decoder_is_compressed_on_first_steps_without_a_past()
    {
        var model = Decoder();
        var x = _folder.Write("x.npy", NpyBytes.Of([Steps, 1, 16], Normal(Steps * 16, 1)));

        var inspected = CliRun.Of("inspect", model, "--shape", "x=1,1,16", "--shape", "past=1,0,16");
        var run = Compress(model, "0.8", "-d", $"x={x}", "-d", "past=zeros");

        Assert.True(inspected.Code == 0, inspected.Error);
        Assert.True(run.Code == 0, run.Error);
    }

    [Theory]
    [InlineData("N")]
    [InlineData("of its own")]
    public void Layers_that_only_an_empty_past_goes_through_are_no_obstacle(string batch)
    {
        var model = new TestModel(seed: 8);
        model.Input("x", "N", 1, 16);
        model.Input("past", batch == "N" ? "N" : 1, "P", 16);
        model.MatMul("p2", model.Relu("p", model.MatMul("p1", "past", 16, 24)), 24, 16);
        model.Node("ReduceSum", "seen", ["p2", model.Integers("along", 1)], ("keepdims", 1));
        model.Node("Add", "both", [model.MatMul("fc2", model.Relu("r1", model.MatMul("fc1", "x", 16, 64)), 64, 16), "seen"]);
        var path = _folder.Write("model.onnx", model.Output("both", "N", 1, 16).Bytes());
        var x = _folder.Write("x.npy", NpyBytes.Of([Steps, 1, 16], Normal(Steps * 16, 1)));

        var run = Compress(path, "0.9", "-d", $"x={x}", "-d", "past=zeros");

        Assert.True(run.Code == 0, run.Error);
    }

    [Fact]
    public void A_bias_without_a_batch_is_one_value_for_all_samples()
    {
        var model = new TestModel(seed: 4);
        model.Input("x", "N", 6, 12);
        model.Input("bias", 6, 6);
        model.Relu("hidden", model.MatMul("fc1", "x", 12, 32));
        model.MatMul("fc2", "hidden", 32, 12);
        model.Node("MatMul", "mixed", ["bias", "fc2"]);
        var path = _folder.Write("model.onnx", model.Output("mixed", "N", 6, 12).Bytes());
        var x = _folder.Write("x.npy", NpyBytes.Of([Steps, 6, 12], Normal(Steps * 72, 1)));
        var bias = _folder.Write("bias.npy", NpyBytes.Of([6, 6], Normal(36, 2)));

        var run = Compress(path, "0.8", "-d", $"x={x}", "-d", $"bias={bias}");

        Assert.True(run.Code == 0, run.Error);
        Assert.Contains($"on {Steps * 2 / 5} held-out samples", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_is_fed_back_over_the_steps_by_every_verb()
    {
        var model = Voice();
        string[] data = ["-d", Chunks("chunk"), "-d", "rate=16000", "--state", "next=state"];
        var stats = _folder.File("model.stats");

        var calibrated = CliRun.Of(["calibrate", model, "-o", stats, .. data]);
        var compressed = Compress(model, "0.8", data);
        var same = CliRun.Of(["verify", model, model, "--decision", "none", "--json", .. data]);
        var verified = CliRun.Of(["verify", model, Out, "--decision", "none", "--json", .. data]);

        Assert.Equal((0, 0, 0, 0), (calibrated.Code, compressed.Code, same.Code, verified.Code));
        Assert.Equal(0, Error(same));
        Assert.InRange(Error(verified), 1e-9, 1);
        CliRun.Of(["verify", model, Out, "-d", Chunks("chunk"), "-d", "rate=16000", "--state", "nxt=state"])
            .HasOneError(1, DiagnosticCodes.InputUnmatched, "--state nxt=state");
        CliRun.Of(["verify", model, Out, "-d", Chunks("chunk"), "-d", "rate=16000", "--state", "next"])
            .HasOneError(2, DiagnosticCodes.OptionInvalid, "OUT=IN");
    }

    [Fact]
    public void Without_data_ids_and_masks_are_made_up_and_only_drift_is_reported()
    {
        var model = Encoder();
        string[] reports = [_folder.File("r.json"), _folder.File("r.html"), _folder.File("r.md")];

        var run = CliRun.Of("compress", model, "-o", Out, "--keep-params", "0.8", "--shape", "ids=1,12", "--report", reports[0], "--report", reports[1], "--report", reports[2]);

        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("on 64 random inputs", run.Output, StringComparison.Ordinal);
        Assert.Contains("Nothing was verified", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("same decision", run.Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(reports[0]));
        var random = json.RootElement.GetProperty("randomInputs");
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (random.GetProperty("agreement").ValueKind, random.GetProperty("agreementLower95").ValueKind));
        Assert.InRange(random.GetProperty("relativeError").GetDouble(), 1e-9, 2);
        Assert.Equal(64, random.GetProperty("distinctSamples").GetInt32());
        Assert.StartsWith("Nothing was verified", json.RootElement.GetProperty("notVerified").GetString(), StringComparison.Ordinal);
        Assert.All(reports, report => Assert.Contains("Nothing was verified", File.ReadAllText(report), StringComparison.Ordinal));
        Assert.All(reports[1..], report => Assert.DoesNotContain("95%", File.ReadAllText(report), StringComparison.Ordinal));
    }

    [Fact]
    public void Not_a_number_on_a_made_up_sample_is_said_to_be_that()
    {
        var model = new TestModel();
        model.Input("x", "N", 8);
        model.Gemm("fc2", model.Relu("r1", model.Gemm("fc1", "x", 8, 32)), 32, 4);
        model.Node("Sqrt", "root", ["x"]);
        model.Node("ReduceSum", "all", ["root"], ("keepdims", 1));
        model.Node("Add", "y", ["fc2", "all"]);
        var path = _folder.Write("model.onnx", model.Output("y", "N", 4).Bytes());

        var run = CliRun.Of("compress", path, "-o", Out, "--keep-params", "0.8");

        Assert.True(run.Code == 3, run.Error);
        Assert.Contains("NaN or infinite for sample 0. The sample was made up", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_channel_whose_square_underflows_goes_through_every_file()
    {
        var model = new TestModel(seed: 5);
        model.Input("x", "N", 8);
        model.Relu("r1", model.Gemm("fc1", "x", 8, 32));
        var (weight, bias) = (model.Graph.Initializer.Single(w => w.Name == "fc1.w"), model.Graph.Initializer.Single(w => w.Name == "fc1.b"));
        var (weights, biases) = (weight.RawData.ToByteArray(), bias.RawData.ToByteArray());
        weights.AsSpan(0, 8 * sizeof(float)).Clear();
        BitConverter.TryWriteBytes(biases, 1e-25f);
        (weight.RawData, bias.RawData) = (Google.Protobuf.ByteString.CopyFrom(weights), Google.Protobuf.ByteString.CopyFrom(biases));
        model.Gemm("fc2", "r1", 32, 4);
        var path = _folder.Write("model.onnx", model.Output("fc2", "N", 4).Bytes());
        var x = _folder.Write("x.npy", NpyBytes.Of([Steps, 8], Normal(Steps * 8, 1)));
        var (stats, merged) = (_folder.File("a.stats"), _folder.File("b.stats"));

        Assert.Equal(0, CliRun.Of("calibrate", path, "-d", x, "-o", stats).Code);
        Assert.Equal(0, CliRun.Of("merge", stats, "-o", merged).Code);
        var used = CliRun.Of("compress", path, "--statistics", merged, "-o", Out, "--keep-params", "0.8");

        Assert.True(used.Code == 0, used.Error);
    }

    private CliRun Compress(string model, string share, params string[] options) =>
        CliRun.Of(["compress", model, "-o", Out, "--overwrite", "--keep-params", share, "--decision", "none", "--max-error", "2", .. options]);

    private string Chunks(string input) => $"{input}={_folder.Write("chunk.npy", NpyBytes.Of([Steps, 12], Normal(Steps * 12, 1)))}";

    private static double Error(CliRun run)
    {
        using var json = JsonDocument.Parse(run.Output);
        return json.RootElement.GetProperty("verification").GetProperty("relativeError").GetDouble();
    }

    /// <summary>A chunk of sound, the state of two layers with the batch on its second axis, and a rate that is one number.</summary>
    private string Voice()
    {
        var model = new TestModel(seed: 2);
        model.Input("chunk", "N", 12);
        model.Input("state", 2, "N", 16);
        model.Input("rate", ElementType.Int64);
        model.Graph.Input[^1].Type.TensorType.Shape = new();
        model.Node("Cast", "rateNumber", ["rate"], ("to", (long)ElementType.Float));
        model.Node("Div", "factor", ["rateNumber", model.Scalar("usual", 16000)]);
        model.Node("Mul", "louder", ["chunk", "factor"]);
        model.Relu("r1", model.Gemm("fc1", "louder", 12, 48));
        model.Gemm("fc2", "r1", 48, 16);
        model.Node("Add", "sum", ["state", "fc2"]);
        model.Node("Tanh", "next", [model.MatMul("mix", "sum", 16, 16)]);
        model.Node("ReduceSum", "both", ["next", model.Integers("axes", 0)], ("keepdims", 0));
        model.Gemm("speech", "both", 16, 1);
        return _folder.Write("voice.onnx", model.Output("speech", "N", 1).Output("next", 2, "N", 16).Bytes());
    }

    /// <summary>Attention over a past that may be empty and one more step.</summary>
    private string Decoder()
    {
        var model = new TestModel(seed: 6);
        model.Input("x", "batch", "seq", 16);
        model.Input("past", "batch", "past_len", 16);
        model.Node("Concat", "present", ["past", "x"], ("axis", 1));
        model.Node("Transpose", "keys", ["present"], ("perm", new long[] { 0, 2, 1 }));
        model.Node("Softmax", "weights", [model.Node("MatMul", "scores", ["x", "keys"])], ("axis", -1));
        model.Node("MatMul", "seen", ["weights", "present"]);
        model.MatMul("fc2", model.Relu("r1", model.MatMul("fc1", "seen", 16, 64)), 64, 16);
        return _folder.Write("decoder.onnx", model.Output("fc2", "batch", "seq", 16).Output("present", "batch", "total", 16).Bytes());
    }

    /// <summary>Ids of a table, and a mask that hides everything when it is zero.</summary>
    private string Encoder()
    {
        var model = new TestModel(seed: 7);
        model.Input("ids", ElementType.Int64, "batch", "seq");
        model.Input("attention_mask", ElementType.Int64, "batch", "seq");
        model.Node("Gather", "rows", [model.Weight("table", 40, 16), "ids"]);
        model.MatMul("fc2", model.Relu("r1", model.MatMul("fc1", "rows", 16, 64)), 64, 16);
        model.Node("Cast", "mask", ["attention_mask"], ("to", (long)ElementType.Float));
        model.Node("Unsqueeze", "wide", ["mask", model.Integers("last", 2)]);
        model.Node("Mul", "seen", ["fc2", "wide"]);
        model.Node("ReduceSum", "total", ["seen", model.Integers("along", 1)], ("keepdims", 0));
        model.Node("ReduceSum", "count", ["wide", "along"], ("keepdims", 0));
        model.Node("Div", "mean", ["total", "count"]);
        return _folder.Write("encoder.onnx", model.Output("mean", "batch", 16).Bytes());
    }

    private static float[] Normal(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
