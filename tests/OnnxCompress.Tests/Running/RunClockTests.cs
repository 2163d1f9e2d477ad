using System.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Running;

public sealed class RunClockTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void One_thread_of_the_runtime_is_the_one_that_asks(int threads, bool isAlone)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 4);
        var model = builder.Output(builder.Gemm("g", "x", 4, 2)).Build();

        using var session = ModelRunner.Runtime.Open(model, new SessionSettings(threads));

        Assert.Equal(isAlone, session.RunsInCallingThread);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Waiting_counts_where_others_may_work_meanwhile(bool isAlone)
    {
        using var session = new Session(isAlone);
        var passed = Stopwatch.StartNew();
        var clock = RunClock.Start(session);

        Thread.Sleep(20);
        var waited = clock.Milliseconds;

        // Other tests work in this process at the same time, so that no more than this can be said of the first.
        Assert.InRange(waited, isAlone ? 0 : 15, passed.Elapsed.TotalMilliseconds);
    }

    private sealed class Session(bool isAlone) : IModelSession
    {
        public IReadOnlyList<TensorInfo> Inputs => [];

        public IReadOnlyList<TensorInfo> Outputs => [];

        public bool RunsInCallingThread => isAlone;

        public RunResult Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<string> outputs, CancellationToken cancellation) => throw new NotSupportedException();

        public void Run(IReadOnlyList<HostTensor> inputs, IReadOnlyList<HostTensor> outputs, CancellationToken cancellation) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
