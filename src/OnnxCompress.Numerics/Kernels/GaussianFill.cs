namespace OnnxCompress.Numerics.Kernels;

/// <summary>Independent standard normal entries from a seeded generator (Box and Muller 1958), row after row.</summary>
internal static unsafe class GaussianFill
{
    public static void Run(Random random, Block<double> block)
    {
        for (var row = 0; row < block.Rows; row++)
        {
            for (var column = 0; column < block.Columns; column += 2)
            {
                var length = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
                var (sine, cosine) = Math.SinCos(2 * Math.PI * random.NextDouble());
                block[row, column] = length * cosine;
                if (column + 1 < block.Columns)
                {
                    block[row, column + 1] = length * sine;
                }
            }
        }
    }
}
