using System.Runtime.InteropServices;
using OnnxCompress.Cli;

using var cancellation = new CancellationTokenSource();

// The run unwinds and removes what it began; a second signal ends the process at once, as everywhere.
void Cancel(PosixSignalContext signal)
{
    signal.Cancel = !cancellation.IsCancellationRequested;
    cancellation.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
return CommandLineApp.Run(args, CliContext.ForConsole(cancellation.Token));
