using System.Globalization;
using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;

namespace OnnxCompress.Tests.Reporting;

public sealed class ReportJsonTests
{
    private static readonly CompressionReport Report = new()
    {
        Tool = "1.0.0",
        Seed = 7,
        Model = new("m.onnx", "ab"),
        Original = new(1000, 2000, 4000, 1.5),
        Compressed = new(500, 1000, 2000, 0.75, "cd"),
        Verification = new(100, 0.9, 0.85, 0.1, [new("logits", 0.1, 0.99, 20)], new(0.8, 0.7, 12, 2, 0.0129)) 
        {
            CautiousAgreement = 0.8,
            Decisions = [new("logits", "pixels", 0.9, 0.8, [new("meanIou", "mean intersection over union", 0.75)])],
        },
        Diagnostics = [ReportedDiagnostic.From(new("OCX7010", Severity.Warning, "Only 90%."))],
        Latency = new(0.5, 0, 1, 31),
        Sites = [new("conv1", "id", 12, 16, null, 0.01, 0.02)],
        Refused = [new("Resize_12", "OCX2007", "Channels of 'é' reach <Resize>.", 42)],
        Timing = new(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 2.8, 123456),
        Changed = [new(17, "test.npy", 0, 3, 5, 1.25, null)],
        Preprocessing = new("nchw", 0.5, [1], [], "256", "bilinear", null),
        Command = "dotnet onnx-compress compress m.onnx",
    };

    [Fact]
    public void The_keys_are_those_of_the_contract_in_its_order() => Assert.Equal(
        """
        {
          "schema": 1,
          "tool": "1.0.0",
          "seed": 7,
          "model": {
            "source": "m.onnx",
            "sha256": "ab"
          },
          "original": {
            "parameters": 1000,
            "macs": 2000,
            "bytes": 4000,
            "latencyMs": 1.5
          },
          "compressed": {
            "parameters": 500,
            "macs": 1000,
            "bytes": 2000,
            "latencyMs": 0.75,
            "sha256": "cd"
          },
          "verification": {
            "samples": 100,
            "agreement": 0.9,
            "agreementLower95": 0.85,
            "relativeError": 0.1,
            "outputs": [
              {
                "name": "logits",
                "relativeError": 0.1,
                "cosine": 0.99,
                "signalToNoiseDb": 20
              }
            ],
            "accuracy": {
              "original": 0.8,
              "compressed": 0.7,
              "onlyOriginal": 12,
              "onlyCompressed": 2,
              "mcNemarP": 0.0129
            },
            "distinctSamples": 100,
            "oneDecision": false,
            "cautiousAgreement": 0.8,
            "decisions": [
              {
                "output": "logits",
                "rule": "pixels",
                "agreement": 0.9,
                "cautiousAgreement": 0.8,
                "figures": [
                  {
                    "name": "meanIou",
                    "meaning": "mean intersection over union",
                    "value": 0.75
                  }
                ]
              }
            ]
          },
          "randomInputs": null,
          "judged": null,
          "notVerified": null,
          "diagnostics": [
            {
              "code": "OCX7010",
              "severity": "warning",
              "message": "Only 90%.",
              "help": "docs/errors.md#OCX7010"
            }
          ],
          "latency": {
            "ratio": 0.5,
            "threads": 0,
            "batch": 1,
            "rounds": 31
          },
          "sites": [
            {
              "site": "conv1",
              "method": "id",
              "kept": 12,
              "of": 16,
              "rank": null,
              "predictedError": 0.01,
              "measuredError": 0.02,
              "split": null
            }
          ],
          "layers": [],
          "precision": null,
          "considered": [],
          "vocabulary": [],
          "refused": [
            {
              "node": "Resize_12",
              "code": "OCX2007",
              "reason": "Channels of 'é' reach <Resize>.",
              "parameters": 42
            }
          ],
          "timing": {
            "readSeconds": 0.1,
            "analyzeSeconds": 0.2,
            "calibrateSeconds": 0.3,
            "selectSeconds": 0.4,
            "allocateSeconds": 0.5,
            "reconstructSeconds": 0.6,
            "verifySeconds": 0.7,
            "totalSeconds": 2.8,
            "peakWorkingSetBytes": 123456,
            "compareSeconds": 0,
            "peakBytes": null,
            "nodeTimingSeconds": 0,
            "limitSeconds": null,
            "limitReached": false
          },
          "changed": [
            {
              "sample": 17,
              "file": "test.npy",
              "position": 0,
              "original": 3,
              "compressed": 5,
              "originalMargin": 1.25,
              "compressedMargin": null
            }
          ],
          "frontier": [],
          "frontierSamples": null,
          "preprocessing": {
            "layout": "nchw",
            "scale": 0.5,
            "mean": [
              1
            ],
            "std": [],
            "resize": "256",
            "resizeFilter": "bilinear",
            "crop": null
          },
          "command": "dotnet onnx-compress compress m.onnx"
        }

        """,
        ReportJson.Write(Report));

    [Fact]
    public void What_is_written_reads_back() => Assert.Equal(ReportJson.Write(Report), ReportJson.Write(ReportJson.Read(ReportJson.Write(Report))));

    [Fact]
    public void What_was_not_measured_is_null()
    {
        var json = ReportJson.Write(Report with { Verification = null, Original = new(1, null, 1, null) });

        Assert.Contains("\"verification\": null", json, StringComparison.Ordinal);
        Assert.Contains("\"latencyMs\": null", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_read_as_people_write_numbers()
    {
        var costs = ResultTables.Costs(Report.Original, Report.Compressed, Report.Latency);
        var verification = ResultTables.Verification(Report.Verification!, "held-out samples");

        Assert.Equal(["latency (batch 1, all cores)", "1.50 ms", "0.750 ms", "50.0%"], costs.Rows[3]);
        Assert.Equal(["same decision", "90.00%", "on data like these; at least 85.00% with 95% confidence"], verification.Rows[0]);
        Assert.Equal(["same decision, cautious", "80.00%", "to expect on data the network was not trained on"], verification.Rows[1]);
        Assert.Equal(["mean intersection over union", "0.75", "pixels"], verification.Rows[2]);
        Assert.Equal(["accuracy, compressed", "70.00%", "-10.00 points (McNemar p = 0.013)"], verification.Rows[5]);
        Assert.Equal(["conv1", "id", "12 of 16", "0.0100", "0.0200"], ResultTables.Sites(Report.Sites).Rows[0]);
        Assert.Equal(["OCX2007", "1", "42", "Channels of 'é' reach <Resize>."], ResultTables.RefusedByReason(Report.Refused).Rows[0]);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(9999, "9,999 B")]
    [InlineData(889398, "889.4 kB")]
    [InlineData(1094781, "1.09 MB")]
    [InlineData(2500000000, "2.50 GB")]
    public void Bytes_have_a_unit_that_fits(long bytes, string text) => Assert.Equal(text, Figures.Bytes(bytes));

    [Fact]
    public void Figures_do_not_depend_on_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (comma.NumberFormat.NumberDecimalSeparator, comma.NumberFormat.NumberGroupSeparator) = (",", ".");
        try
        {
            CultureInfo.CurrentCulture = comma;

            Assert.Equal(("1,234", "12.3%", "1.20 ms", "0.0120"), (Figures.Count(1234), Figures.Percent(0.1234), Figures.Milliseconds(1.2), Figures.Error(0.012)));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
