namespace OnnxCompress.Forms;

/// <summary>The numbers that a model is stored and run in.</summary>
public enum NumberForm
{
    /// <summary>The floating point numbers that the model has.</summary>
    Float,

    /// <summary>Weights of 8 bits, and activations of 8 bits wherever a layer multiplies.</summary>
    Int8,

    /// <summary>Weights of matrix products and tables of 4 bits, with a step for each block; convolutions of 8 bits.</summary>
    Int4,

    /// <summary>Weights in half floats; on a GPU all numbers.</summary>
    Float16,

    /// <summary>Whatever of these keeps most within a budget, or is smallest within a goal; a plan never says so.</summary>
    Auto,

    /// <summary>Of single layers: weights of 8 bits, which are multiplied in floating point.</summary>
    Int8Weights,
}
