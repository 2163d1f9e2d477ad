namespace OnnxCompress.Reconstruction;

/// <summary>Which axis of a stored weight comes first.</summary>
internal enum WeightOrder
{
    /// <summary>Outputs, inputs, kernel.</summary>
    OutputsFirst,

    /// <summary>Inputs, outputs, kernel.</summary>
    InputsFirst,
}
