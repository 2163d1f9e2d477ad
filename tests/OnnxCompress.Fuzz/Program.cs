using System.Globalization;
using OnnxCompress.Fuzz;
using OnnxCompress.Fuzz.Interruptions;
using OnnxCompress.Fuzz.Kills;

// Each verb ends with 0 when nothing was found.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    switch (args)
    {
        case ["fuzz", .. var rest]:
            return FuzzRun.Run(rest);
        case ["interrupt", .. var rest]:
            return InterruptRun.Run(rest);
        case ["kill", .. var rest]:
            return KillRun.Run(rest);
        case ["coverage", .. var rest]:
            return CoverageRun.Run(rest);
        case ["worker", .. var rest]:
            return FuzzWorker.Run(rest);
    }
}
catch (ArgumentException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

Console.Error.WriteLine("""
    fuzz      [--seed S] [--seconds N] [--target NAME,...] [--from I] [--findings FOLDER]: mutated files into every reader and the analysis
    interrupt [--seed S] [--runs N]: kills runs that replace an output, and looks at what is left
    kill      [--seed S] [--runs N] [--scene compress,calibrate,merge,explore,build]: kills commands and builds, and looks at what is left then and after the next run
    coverage  --target NAME [--corpus FOLDER [--inputs N] | --file FILE]: under afl-fuzz, see coverage.sh; writes its first inputs; one input again
    fuzz      --seed S --only I [--target NAME,...]: one input again
    """);
return 2;
