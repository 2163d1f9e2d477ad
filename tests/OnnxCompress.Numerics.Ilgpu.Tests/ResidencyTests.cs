using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Ilgpu.Tests;

/// <summary>What goes between the host and the device while a layer is solved.</summary>
public sealed class ResidencyTests
{
    [Fact]
    public void Matrices_go_there_once_and_weights_come_back_once_however_many_ridges()
    {
        const int Inputs = 40, Outputs = 9, Ridges = 5;
        var backend = Devices.Asked;
        var samples = NumericMatrices.Uniform(100, Inputs, 1);
        var (normal, cross) = (new CpuBackend(1).Gram(samples), NumericMatrices.Uniform(Outputs, Inputs, 2));
        var (sent, received) = (backend.Transfers.ToDevice, backend.Transfers.ToHost);

        using var chain = backend.OpenChain(1e9);
        var problem = new RidgeProblem(chain, normal, cross, chain.Put(new Matrix<double>(Inputs, Outputs)));
        var judge = new RidgeJudge(chain, normal, cross, 1);
        for (var ridge = 1; ridge < Ridges; ridge++)
        {
            using var trial = problem.Solve(ridge)!;
            Assert.True(double.IsFinite(judge.ErrorOf(trial)));
        }

        chain.Read(problem.Solve(Ridges)!, new Matrix<double>(Inputs, Outputs));

        // Two normal matrices, three of weights; a flag for each factorisation, and 64 parts of a sum for each error.
        Assert.Equal((2 * Inputs * Inputs * 8) + (3 * Inputs * Outputs * 8) + (Ridges * 4), backend.Transfers.ToDevice - sent);
        Assert.Equal((Inputs * Outputs * 8) + (Ridges * 4) + ((Ridges - 1) * 64 * 8), backend.Transfers.ToHost - received);
    }

    [Fact]
    public void Small_chains_stay_on_the_CPU()
    {
        using var backend = IlgpuProvider.Open("ilgpu-cpu", new IlgpuBackendOptions { Threads = 1 });

        using var chain = backend.OpenChain(1000);

        Assert.IsType<HostChain>(chain);
    }
}
