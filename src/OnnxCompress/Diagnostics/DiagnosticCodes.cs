namespace OnnxCompress.Diagnostics;

/// <summary>
/// Every code the tool prints. The first digit is the stage (1 read, 2 analyze, 3 calibrate, 4 select, 5 allocate,
/// 6 rewrite and reconstruct, 7 verify, 8 write and report, 9 options and environment). A code is never reused;
/// docs/errors.md has the meaning, the smallest cause and the cure of each.
/// </summary>
public static class DiagnosticCodes
{
    // 1: read

    /// <summary>The model file does not exist or cannot be opened.</summary>
    public const string ModelNotFound = "OCX1001";

    /// <summary>The file is not a readable ONNX protobuf: truncated, malformed, or another format.</summary>
    public const string ModelMalformed = "OCX1002";

    /// <summary>An initializer's data do not fit its shape or type.</summary>
    public const string InitializerMalformed = "OCX1003";

    /// <summary>External data that the model names are missing or too short.</summary>
    public const string ExternalDataMissing = "OCX1004";

    /// <summary>External data lie outside the model's folder.</summary>
    public const string ExternalDataOutside = "OCX1005";

    /// <summary>The model's operator set is too old or unknown.</summary>
    public const string OpsetUnsupported = "OCX1006";

    /// <summary>ONNX Runtime refused to load the model.</summary>
    public const string RuntimeRefusedModel = "OCX1007";

    /// <summary>The graph contradicts itself: a cycle, a duplicate or a missing name.</summary>
    public const string GraphInconsistent = "OCX1008";

    /// <summary>What a model names as a side file is no regular file, or has a name that no side file can have.</summary>
    public const string ExternalDataUnusable = "OCX1009";

    // 2: analyze

    /// <summary>The channels are an output of the model.</summary>
    public const string ReachesOutput = "OCX2001";

    /// <summary>The channels meet an axis of the model's input, which cannot shrink.</summary>
    public const string TiedToInput = "OCX2002";

    /// <summary>The axis is convolved or pooled over: image rows or positions, not channels.</summary>
    public const string AxisNotChannels = "OCX2003";

    /// <summary>An operator normalises or sums over the channels, so that removing one changes the others.</summary>
    public const string NormalizedAxis = "OCX2004";

    /// <summary>A weight is shared by several layers.</summary>
    public const string WeightShared = "OCX2005";

    /// <summary>Two axes that could both shrink are merged into one.</summary>
    public const string AxesMerged = "OCX2006";

    /// <summary>The channels reach an operator that is not mapped.</summary>
    public const string OperatorNotMapped = "OCX2007";

    /// <summary>The channels enter the subgraph of If, Loop or Scan.</summary>
    public const string EntersSubgraph = "OCX2008";

    /// <summary>No linear layer reads the channels, so nothing could stand in for a removed one.</summary>
    public const string NoConsumer = "OCX2010";

    /// <summary>A weight is also an input of the model: a caller may feed another one.</summary>
    public const string WeightReplaceable = "OCX2011";

    /// <summary>Two activations are multiplied and summed over the channels.</summary>
    public const string ProductOfActivations = "OCX2012";

    /// <summary>A weight is computed in the graph and is not a constant.</summary>
    public const string WeightNotConstant = "OCX2013";

    /// <summary>A layer reads different numbers of values of the channels.</summary>
    public const string IrregularAxis = "OCX2014";

    /// <summary>The shapes around a node could not be observed.</summary>
    public const string ShapeUnknown = "OCX2015";

    /// <summary>The layer was excluded, or not included, by the user.</summary>
    public const string NotSelected = "OCX2016";

    /// <summary>A glob of --include or --exclude matches no node.</summary>
    public const string SelectorMatchesNothing = "OCX2017";

    /// <summary>The channels are the state of a recurrent layer.</summary>
    public const string RecurrentState = "OCX2018";

    /// <summary>A weight holds NaN or infinity.</summary>
    public const string WeightNotFinite = "OCX2019";

    /// <summary>A layer has no inputs or no outputs: its weight holds no values.</summary>
    public const string LayerEmpty = "OCX2041";

    /// <summary>Of a weight only the values that are not zero are stored.</summary>
    public const string WeightSparse = "OCX2042";

    /// <summary>A weight is stored as integers already.</summary>
    public const string WeightQuantised = "OCX2043";

    /// <summary>Weights lie in a branch that not all samples take.</summary>
    public const string BranchNotTaken = "OCX2044";

    /// <summary>All rows of a looked-up table stay, although a vocabulary was asked for.</summary>
    public const string TableRowsStay = "OCX2045";

    /// <summary>A residual stream keeps its width: not all that writes or reads it is known.</summary>
    public const string StreamHeld = "OCX2046";

    /// <summary>A residual branch cannot go as a whole.</summary>
    public const string BranchHeld = "OCX2080";

    // 3: calibrate

    /// <summary>A data file does not exist or cannot be opened.</summary>
    public const string DataNotFound = "OCX3001";

    /// <summary>A data file is not in a format the tool reads, or is damaged.</summary>
    public const string DataMalformed = "OCX3002";

    /// <summary>The runtime failed while running the model on the data.</summary>
    public const string RunFailed = "OCX3003";

    /// <summary>There are few samples for the widths in the model.</summary>
    public const string FewSamples = "OCX3004";

    /// <summary>The data's shape is not what the model's input wants.</summary>
    public const string DataShapeMismatch = "OCX3005";

    /// <summary>The data hold NaN or infinity.</summary>
    public const string DataNotFinite = "OCX3006";

    /// <summary>Statistics belong to another model, or were taken at other places of it.</summary>
    public const string StatisticsMismatch = "OCX3011";

    /// <summary>Activations became NaN or infinite on the calibration data.</summary>
    public const string ActivationsNotFinite = "OCX3012";

    /// <summary>A statistics file is damaged, of another version, or no statistics file.</summary>
    public const string StatisticsMalformed = "OCX3013";

    /// <summary>A data file holds no samples, or too few for what was asked.</summary>
    public const string DataEmpty = "OCX3020";

    /// <summary>The data cannot be matched with the model's inputs by name.</summary>
    public const string InputUnmatched = "OCX3021";

    /// <summary>Scale, mean or std do not fit the data they are to be applied to.</summary>
    public const string PreprocessingMismatch = "OCX3022";

    /// <summary>A dimension of an input is dynamic and nothing says its size.</summary>
    public const string DimensionUnknown = "OCX3023";

    /// <summary>Samples are in several statistics files that are added up, or were held out and calibrated on.</summary>
    public const string SamplesRepeated = "OCX3024";

    /// <summary>An input declares a size that is not positive, or more values than can be fed.</summary>
    public const string InputSizeInvalid = "OCX3025";

    /// <summary>A tensor whose range was chosen held NaN or infinity.</summary>
    public const string RangeNotFinite = "OCX3026";

    /// <summary>Dynamic dimensions that nobody gave a size were given a likely one.</summary>
    public const string SizesAssumed = "OCX3027";

    /// <summary>There are no samples, and numbers of fewer bits come from statistics.</summary>
    public const string NumbersFromStatistics = "OCX3028";

    /// <summary>Copies of pictures are asked for, and no input is fed any.</summary>
    public const string NothingToAugment = "OCX3029";

    /// <summary>Held-out samples hold ids whose rows went.</summary>
    public const string IdsUnmapped = "OCX3030";

    /// <summary>A list of ids cannot be read, or does not go with the model.</summary>
    public const string VocabularyUnusable = "OCX3031";

    /// <summary>Derivatives of the outputs could not be taken.</summary>
    public const string DerivativesNotTaken = "OCX3080";

    // 4: select

    /// <summary>Weights or statistics hold numbers that make a factorisation impossible.</summary>
    public const string NumbersUnusable = "OCX4001";

    // 5: allocate

    /// <summary>The budget cannot be met however much is removed.</summary>
    public const string BudgetOutOfReach = "OCX5001";

    /// <summary>No smaller model keeps what was asked for.</summary>
    public const string GoalNotReached = "OCX5002";

    /// <summary>Plans cannot be compared without validation samples.</summary>
    public const string NothingToSearchOn = "OCX5003";

    /// <summary>The compressed model, timed beside the original, takes more of its time than the budget says.</summary>
    public const string LatencyNotReached = "OCX5004";

    /// <summary>The finished model costs more than the budget says: a plan that was given was made for another one.</summary>
    public const string BudgetExceeded = "OCX5005";

    /// <summary>The time limit ended the search before a model was found.</summary>
    public const string TimeLimitReached = "OCX5006";

    /// <summary>The time limit ended the search: the result is the best that was found by then.</summary>
    public const string SearchCutShort = "OCX5007";

    // 6: rewrite and reconstruct

    /// <summary>A plan belongs to another model, or names sites or channels that the model lacks.</summary>
    public const string PlanMismatch = "OCX6001";

    /// <summary>A plan file cannot be read.</summary>
    public const string PlanUnreadable = "OCX6002";

    /// <summary>A locked plan does not give the result that it gave.</summary>
    public const string PlanNotReproduced = "OCX6003";

    /// <summary>8 bits need a later operator set than the model's.</summary>
    public const string PrecisionNeedsOpset = "OCX6004";

    // 7: verify

    /// <summary>The compressed model decides too differently from the original.</summary>
    public const string GuardNotMet = "OCX7001";

    /// <summary>A model put out NaN or infinity for a held-out sample.</summary>
    public const string OutputNotFinite = "OCX7002";

    /// <summary>The two models do not have the same inputs and outputs, or the decision's output is not there.</summary>
    public const string OutputsDiffer = "OCX7003";

    /// <summary>So few held-out samples that little can be proven.</summary>
    public const string FewGuardSamples = "OCX7004";

    /// <summary>The labels do not fit the samples or the decision.</summary>
    public const string LabelsMismatch = "OCX7005";

    /// <summary>There are no data: nothing was verified on real ones.</summary>
    public const string NoData = "OCX7006";

    /// <summary>So few different held-out samples that the guard which was asked for means nothing.</summary>
    public const string GuardTooSmall = "OCX7007";

    /// <summary>The original decides the same for every held-out sample.</summary>
    public const string OneDecision = "OCX7008";

    /// <summary>Samples of --verify-data are among the calibration data.</summary>
    public const string GuardSeen = "OCX7009";

    /// <summary>So many decisions changed that somebody should look; nobody said how many may.</summary>
    public const string AgreementLow = "OCX7010";

    /// <summary>Most decisions changed, and nobody said that this is wanted.</summary>
    public const string AgreementLost = "OCX7011";

    /// <summary>The result takes more time than the original.</summary>
    public const string ResultSlower = "OCX7012";

    /// <summary>A model in 8 bits answers otherwise when the runtime optimises it.</summary>
    public const string KernelsDiffer = "OCX7013";

    /// <summary>The user's judge gave no score.</summary>
    public const string JudgeFailed = "OCX7020";

    // 8: write and report

    /// <summary>The output is a directory, or its folder does not exist.</summary>
    public const string OutputNotAFile = "OCX8001";

    /// <summary>The output exists and --overwrite was not given.</summary>
    public const string OutputExists = "OCX8002";

    /// <summary>The output is the model itself and --overwrite was not given.</summary>
    public const string OutputIsModel = "OCX8003";

    /// <summary>Writing failed.</summary>
    public const string CannotWrite = "OCX8004";

    /// <summary>A report's extension names no format that the tool writes.</summary>
    public const string ReportFormatUnknown = "OCX8005";

    /// <summary>The result is not smaller than the original, so it was not written.</summary>
    public const string ResultNotSmaller = "OCX8006";

    /// <summary>The output is a file that the run reads.</summary>
    public const string OutputIsInput = "OCX8007";

    /// <summary>The output is a symbolic link.</summary>
    public const string OutputIsLink = "OCX8008";

    /// <summary>The results cannot be printed: the standard output is closed or full.</summary>
    public const string OutputStreamClosed = "OCX8041";

    // 9: options and environment

    /// <summary>An option, verb or argument that the command line does not know.</summary>
    public const string ArgumentUnknown = "OCX9010";

    /// <summary>An option's value cannot be read, or is out of range.</summary>
    public const string OptionInvalid = "OCX9011";

    /// <summary>An option or argument that is needed was not given.</summary>
    public const string ArgumentMissing = "OCX9012";

    /// <summary>Two options contradict each other, or one needs another.</summary>
    public const string OptionsConflict = "OCX9014";

    /// <summary>The run was cancelled; nothing was written.</summary>
    public const string Cancelled = "OCX9015";

    /// <summary>The device that was asked for is not there.</summary>
    public const string DeviceAbsent = "OCX9016";

    /// <summary>The folder for temporary files is missing or full.</summary>
    public const string TemporaryFolderUnusable = "OCX9017";

    /// <summary>A native library cannot be loaded: the machine is none that the tool has libraries for, or lacks something of its system.</summary>
    public const string NativeLibraryAbsent = "OCX9018";

    /// <summary>The tool could not be started by a build, or ended without saying why (raised by the build).</summary>
    public const string BuildToolFailed = "OCX9020";

    /// <summary>An OnnxModel item says something that cannot be used (raised by the build).</summary>
    public const string BuildItemInvalid = "OCX9021";

    /// <summary>A build found nothing better and ships the original (raised by the build).</summary>
    public const string BuildOriginalShipped = "OCX9022";

    /// <summary>The tool manifest and the build's package have different versions (raised by the build).</summary>
    public const string BuildVersionsDiffer = "OCX9023";

    /// <summary>Another run keeps the folder that a build compresses a model into.</summary>
    public const string BuildFolderBusy = "OCX9024";

    /// <summary>The folder that a build compresses models into cannot be read or written (raised by the build).</summary>
    public const string BuildFolderUnusable = "OCX9025";

    /// <summary>What a model is made from changed while a build compressed it (raised by the build).</summary>
    public const string BuildInputsChanged = "OCX9026";

    /// <summary>The cache of results, or an entry of it, is not used (raised by the build).</summary>
    public const string BuildCacheIgnored = "OCX9027";

    /// <summary>A Web project finds the original where it looks for content while it is developed (raised by the build).</summary>
    public const string BuildOriginalInContentRoot = "OCX9028";

    /// <summary>An input is a pipe, a socket, a device or a folder where a file is wanted.</summary>
    public const string InputNotAFile = "OCX9041";

    /// <summary>A defect of the tool itself.</summary>
    public const string InternalError = "OCX9099";
}
