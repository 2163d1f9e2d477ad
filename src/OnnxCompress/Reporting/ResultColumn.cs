namespace OnnxCompress.Reporting;

/// <summary>A column of a <see cref="ResultTable"/>.</summary>
/// <param name="Heading">Its heading.</param>
/// <param name="IsNumber">Whether it is aligned to the right.</param>
internal sealed record ResultColumn(string Heading, bool IsNumber = false);
