namespace OnnxCompress.Fuzz;

/// <summary>Something that reads what others wrote.</summary>
internal abstract class FuzzTarget
{
    /// <summary>What <c>--target</c> and findings call it.</summary>
    public abstract string Name { get; }

    /// <summary>Extension of its files, with the dot.</summary>
    public abstract string Extension { get; }

    /// <summary>How often it is drawn, beside the others.</summary>
    public abstract int Weight { get; }

    /// <summary>Managed memory that reading one input may allocate, all in all; inputs are small.</summary>
    public virtual long MostBytes => 256L << 20;

    /// <summary>An input: a sound file, changed. The same random numbers give the same bytes.</summary>
    public abstract byte[] Make(Random random);

    /// <summary>Reads an input as far as the tool does.</summary>
    /// <param name="input">From <see cref="Make"/>.</param>
    /// <param name="path">The same bytes as a file.</param>
    /// <param name="random">For choices on the way.</param>
    /// <param name="cancellation">Cancelled when the time is up.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">The input was refused, which is right.</exception>
    public abstract void Run(byte[] input, string path, Random random, CancellationToken cancellation);
}
