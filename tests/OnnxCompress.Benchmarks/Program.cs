using System.Globalization;
using OnnxCompress.Benchmarks.Gpu;
using OnnxCompress.Benchmarks.Lapack;
using OnnxCompress.Benchmarks.Pipeline;

// Long measurements that are no tests. Each verb prints its own table and skips, with a reason, what is not at hand.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var verbs = new SortedDictionary<string, (string What, Func<string[], int> Run)>(StringComparer.Ordinal)
{
    ["analysis"] = ("dependency analysis against the number of nodes", AnalysisScaling.Run),
    ["budgets"] = ("each kind of budget beside the goal: time, bytes, agreement [--samples N] [--kinds LIST] [--shares LIST] [--keep P] [--cache FOLDER] [MODEL...]", BudgetComparison.Run),
    ["calibration"] = ("Gram statistics of ResNet-20 against plain inference [THREADS]", CalibrationCost.Run),
    ["cost"] = ("every stage as a multiple of one plain pass over the samples [--samples N] [--threads N] [--repeats N] [--keep SHARE] [--only SEARCH] [--cache FOLDER] [--processor] [MODEL...]", PipelineCost.Run),
    ["coreset"] = ("coresets without data beside magnitude pruning, ten seeds [MODEL...]", CoresetComparison.Run),
    ["graphs"] = ("inspect and compress of graphs of doubling sizes [--doublings N] [--most N] [--only KIND]", GraphScaling.Run),
    ["families"] = ("what models of each family become without an option: bytes, time, decisions [--samples N] [MODEL...]", FamilyTable.Run),
    ["growth"] = ("time and memory with samples, channels and layers doubled, each alone [--samples N] [--channels N] [--layers N] [--trials N] [--threads N] [--memory MB] [--only WHAT]", CostGrowth.Run),
    ["gpu"] = ("products and a layer's solve on a device, against CPU and cuBLAS [--device NAME] [--sizes LIST] [--layer WIDTH]", GpuComparison.Run),
    ["lapack"] = ("our factorisations against OpenBLAS [--threads N] [--repeats N] [--only TEXT]", LapackComparison.Run),
    ["lowrank"] = ("plain SVD, ALDS and response low rank at the same MACs", LowRankComparison.Run),
    ["methods"] = ("every method alone and all together at three budgets [--rows TEXT] [MODEL...]", MethodComparison.Run),
    ["size"] = ("a model over 2 GB, without data and with 8 and 32 samples: time and memory [GB] [compress OPTIONS...]", LargeModel.Run),
    ["precision"] = ("8 bits: plain rounding, and what each step beyond it brings [MODEL...]", PrecisionComparison.Run),
    ["profile"] = ("where the runtime spends the time of models: MODEL...", NodeProfile.Run),
    ["promise"] = ("the cautious figure of guard samples against test data, 40 runs [--goal] [--unseen] [--seed N] [MODEL...]", PromiseComparison.Run),
    ["node-timing"] = ("times of single nodes against those of whole models [THREADS [FOLDER]]", NodeTiming.Run),
};

if (args.Length > 0 && verbs.TryGetValue(args[0], out var verb))
{
    return verb.Run(args[1..]);
}

Console.Error.WriteLine("Benchmarks: one of");
foreach (var (name, (what, _)) in verbs)
{
    Console.Error.WriteLine($"  {name,-12} {what}");
}

return args.Length == 0 ? 0 : 2;
