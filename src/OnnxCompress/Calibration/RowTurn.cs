namespace OnnxCompress.Calibration;

/// <summary>Multiplies a row with a matrix, in place.</summary>
/// <param name="row">One number for each channel.</param>
internal delegate void RowTurn(Span<double> row);
