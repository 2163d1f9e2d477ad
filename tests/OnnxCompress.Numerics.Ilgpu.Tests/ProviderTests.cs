namespace OnnxCompress.Numerics.Ilgpu.Tests;

public sealed class ProviderTests
{
    [Theory]
    [InlineData("cuda")]
    [InlineData("opencl")]
    public void A_device_that_is_not_there_is_said_to_be_absent(string device)
    {
        try
        {
            using var backend = IlgpuProvider.Open(device, 1);
            Assert.Skip($"This machine has a {device} device.");
        }
        catch (NumericException absent)
        {
            Assert.Equal(NumericFailure.DeviceAbsent, absent.Failure);
            Assert.Contains(device, absent.Message, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void Small_work_stays_on_the_CPU_and_gives_its_bits()
    {
        using var backend = IlgpuProvider.Open("ilgpu-cpu", new IlgpuBackendOptions { Threads = 1 });
        var matrix = new Matrix<double>(3, 3, [4, 1, 0, 1, 5, 2, 0, 2, 6]);

        Assert.True(new CpuBackend(1).Cholesky(matrix).Values.SequenceEqual(backend.Cholesky(matrix).Values));
        Assert.StartsWith("ilgpu-cpu (", backend.Name, StringComparison.Ordinal);
    }
}
