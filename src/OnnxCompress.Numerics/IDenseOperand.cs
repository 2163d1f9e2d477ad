namespace OnnxCompress.Numerics;

/// <summary>A matrix in an <see cref="IDenseChain"/>. Disposing it frees its memory before the chain ends.</summary>
public interface IDenseOperand : IDisposable
{
    /// <summary>Number of rows.</summary>
    int Rows { get; }

    /// <summary>Number of columns.</summary>
    int Columns { get; }
}
