using System.Text.Json.Serialization;

namespace OnnxCompress.Reporting;

/// <summary>Serializers made at build time: no reflection, safe to trim.</summary>
[JsonSerializable(typeof(CompressionReport))]
[JsonSerializable(typeof(ComparisonReport))]
[JsonSerializable(typeof(InspectionReport))]
[JsonSerializable(typeof(StatisticsReport))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
