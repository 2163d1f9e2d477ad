using System.Security.Cryptography;
using Google.Protobuf;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>
/// An ONNX model in memory. It stays the protobuf it was read from: fields, attributes and domains this tool does not
/// know are written back as they were.
/// </summary>
public sealed class OnnxModel
{
    /// <summary>A protobuf message cannot be longer; a model beyond this keeps its weights in a side file.</summary>
    private const long LargestMessageBytes = int.MaxValue - (1 << 20);

    private readonly ModelProto _proto;
    private readonly IReadOnlySet<string> _externalNames;
    private long? _fileBytes;

    private OnnxModel(ModelProto proto, IReadOnlySet<string> externalNames, string? sourcePath, string sha256)
    {
        (_proto, _externalNames, SourcePath, SourceSha256) = (proto, externalNames, sourcePath, sha256);
        Graph = new ModelGraph(proto.Graph);
    }

    /// <summary>The file it was loaded from, if any.</summary>
    public string? SourcePath { get; }

    /// <summary>
    /// SHA-256 of the bytes it was loaded from, then of those that its tensors name in side files, each once; lower-case hexadecimal.
    /// Edits and copies do not change it: it says what the model came from.
    /// </summary>
    public string SourceSha256 { get; }

    /// <summary>Inputs that a caller must feed: initializers that are listed as inputs too are left out.</summary>
    public IReadOnlyList<TensorInfo> Inputs => Graph.Inputs;

    /// <summary>What the model gives back.</summary>
    public IReadOnlyList<TensorInfo> Outputs => Graph.Outputs;

    /// <summary>Version of the default operator set.</summary>
    public long Opset => _proto.OpsetImport.FirstOrDefault(o => o.Domain.Length == 0 || o.Domain == "ai.onnx")?.Version ?? 1;

    /// <summary>Whether the model can be one protobuf message, see <see cref="ToBytes"/>.</summary>
    public bool FitsOneMessage => MessageBytes <= LargestMessageBytes;

    /// <summary>Whether the model is saved with a side file.</summary>
    public bool NeedsExternalData => _externalNames.Count > 0 || !FitsOneMessage;

    /// <summary>Bytes of the model as it would be saved, with the weights that lie in a side file then.</summary>
    public long Bytes => NeedsExternalData ? ExternalData.SizeOf(_proto, t => Moves(t, !FitsOneMessage)) : MessageBytes;

    /// <summary>Bytes of the files that it was read from; of a model that was not read from a file, or is a copy, as it would be saved.</summary>
    internal long FileBytes => _fileBytes ?? Bytes;

    private long MessageBytes => _proto.CalculateSizeLong();

    /// <summary>Initializers that the file lists as inputs and that were taken for constants, see <see cref="ModelLoadOptions.InputsStay"/>.</summary>
    internal int UnlistedConstants { get; private set; }

    /// <summary>The files that its external data were read from, in full; empty for a model that was not read from a file.</summary>
    public IReadOnlyCollection<string> SideFiles { get; private init; } = [];

    /// <summary>Every weight that the file holds, as it stands now.</summary>
    internal IReadOnlyList<StoredWeight> Weights => [.. WeightWalk.All(_proto)];

    /// <summary>Weights that are stored in another precision, by the names they have while the model is worked on.</summary>
    internal IReadOnlyDictionary<string, WidenedWeight> Widened { get; private set; } = new Dictionary<string, WidenedWeight>();

    /// <summary>Branches that lie in the main graph while the model is worked on; <see cref="AsStored"/> puts them back.</summary>
    internal LiftedBranches Lifted { get; private set; } = new();

    /// <summary>Replaces calls of the model's own functions by their nodes.</summary>
    /// <returns>How many were replaced.</returns>
    internal int InlineFunctions() => FunctionInlining.Apply(_proto, Graph);

    /// <summary>Turns weights that are stored in another precision than they are used in into single floats.</summary>
    internal void Widen() => Widened = StoredPrecision.Widen(Graph);

    /// <summary>The model as it is written: with weights in the precision that the original stores them in, and branches in their nodes.</summary>
    internal OnnxModel AsStored()
    {
        var narrowed = Narrowed();
        if (Lifted.IsEmpty)
        {
            return narrowed;
        }

        var lowered = narrowed.Clone();
        Lifted.Lower(lowered._proto, lowered.Graph);
        return new(lowered._proto, _externalNames, SourcePath, SourceSha256) { SideFiles = SideFiles };
    }

    /// <summary>The model with weights in the precision that the original stores them in; itself where there are none.</summary>
    internal OnnxModel Narrowed()
    {
        if (Widened.Count == 0)
        {
            return this;
        }

        var stored = Clone();
        StoredPrecision.Narrow(stored.Graph, Widened);
        stored.Widened = new Dictionary<string, WidenedWeight>();
        return stored;
    }

    /// <summary>Bytes of one element of a constant in the file.</summary>
    internal int StoredSize(Initializer constant) => (Widened.GetValueOrDefault(constant.Name)?.Type ?? constant.Type).SizeInBytes();

    /// <summary>The graph, for reading and for edits.</summary>
    internal ModelGraph Graph { get; }

    /// <summary>
    /// Reads a model and its external data. A model that is reached through a link has them where the link leads, and they
    /// lie below that folder.
    /// </summary>
    /// <param name="path">An <c>.onnx</c> file.</param>
    /// <param name="options">What may be touched; null: the safe defaults.</param>
    /// <exception cref="OnnxCompressException">OCX1001 to OCX1006, OCX1008, OCX1009: the file cannot be used; the message says why.</exception>
    public static OnnxModel Load(string path, ModelLoadOptions? options = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = ModelReader.Open(path);
        var proto = ModelReader.ReadFile(file, path, hash);
        var constants = options?.InputsStay ?? false ? 0 : ListedConstants.Unlist(proto);
        var reader = new ExternalDataReader(file, Path.GetDirectoryName(Path.GetFullPath(path))!, options?.AllowExternalOutside ?? false, hash);
        var model = Read(proto, reader, path, hash);
        model.UnlistedConstants = constants;
        model._fileBytes = file.Length + model.SideFiles.Sum(f => new FileInfo(f).Length);
        return model;
    }

    /// <summary>Reads a model that has no external data from memory.</summary>
    /// <param name="bytes">The protobuf.</param>
    /// <exception cref="OnnxCompressException">OCX1002 to OCX1006, OCX1008: the bytes cannot be used.</exception>
    public static OnnxModel Load(ReadOnlySpan<byte> bytes)
    {
        var proto = ModelReader.Parse(bytes, "the model in memory");
        var constants = ListedConstants.Unlist(proto);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(bytes);
        var model = Read(proto, new ExternalDataReader(file: null, given: null, allowOutside: false, hash), path: null, hash);
        model.UnlistedConstants = constants;
        return model;
    }

    /// <summary>
    /// Puts a model into another place as it is: byte for byte when it is one file, else with the data of all its side files
    /// in itself and in <c>&lt;name&gt;.data</c>.
    /// </summary>
    /// <param name="path">An <c>.onnx</c> file.</param>
    /// <param name="target">The copy; replaced when it exists.</param>
    /// <param name="options">What may be touched; null: the safe defaults.</param>
    /// <exception cref="OnnxCompressException">OCX1001 to OCX1006, OCX1008, OCX1009: the model cannot be used.</exception>
    /// <exception cref="IOException">The copy cannot be written; nothing was replaced.</exception>
    public static void Copy(string path, string target, ModelLoadOptions? options = null)
    {
        var model = Load(path, options);
        if (model.SideFiles.Count > 0)
        {
            model.Save(target);
            return;
        }

        using var from = ModelReader.Open(path);
        ModelWriter.Save(from.Stream, Path.GetFullPath(target));
    }

    /// <summary>An independent copy; edits to one do not reach the other.</summary>
    public OnnxModel Clone() => new(_proto.Clone(), _externalNames, SourcePath, SourceSha256) { SideFiles = SideFiles, Widened = Widened, Lifted = Lifted };

    /// <summary>An independent copy whose branches are about to be lifted.</summary>
    internal OnnxModel Clone(LiftedBranches branches)
    {
        var copy = Clone();
        copy.Lifted = branches;
        return copy;
    }

    /// <summary>
    /// The model for running: without initializers that nothing reads, where there are many of them. The runtime takes them
    /// out one by one, each time looking through all.
    /// </summary>
    internal OnnxModel ForRunning()
    {
        const int Many = 1000;
        if (Graph.Initializers.Keys.Where(name => Graph.Uses(name).Count == 0).Take(Many).Count() < Many)
        {
            return this;
        }

        var trimmed = Clone();
        trimmed.Graph.RemoveUnusedInitializers();
        return trimmed;
    }

    /// <summary>A copy that also gives back inner tensors.</summary>
    /// <param name="tensors">Their names; outputs and inputs of the model among them stay what they are.</param>
    internal OnnxModel Observing(IEnumerable<string> tensors)
    {
        var observed = Clone();
        foreach (var name in tensors.Where(n => !observed.Graph.IsOutput(n)))
        {
            observed.Graph.AddOutput(name);
        }

        return observed;
    }

    /// <summary>
    /// Some nodes as a model of their own. It shares nodes and constants with this one and is for running only: edits to
    /// either reach both.
    /// </summary>
    /// <param name="nodes">The nodes, in an order in which they can run.</param>
    /// <param name="inputs">Tensors that are fed to it, with element type and rank.</param>
    /// <param name="outputs">Tensors that it gives back.</param>
    internal OnnxModel Extract(IReadOnlyCollection<GraphNode> nodes, IEnumerable<TensorInfo> inputs, IEnumerable<string> outputs)
    {
        var graph = new GraphProto { Name = _proto.Graph.Name };
        graph.Node.AddRange(nodes.Select(n => n.Proto));
        var read = nodes.SelectMany(n => n.Inputs.Concat(n.CapturedNames())).ToHashSet(StringComparer.Ordinal);
        graph.Initializer.AddRange(_proto.Graph.Initializer.Where(i => read.Contains(i.Name)));
        graph.SparseInitializer.AddRange(_proto.Graph.SparseInitializer.Where(i => read.Contains(i.Values?.Name ?? "")));
        graph.Input.AddRange(inputs.Select(TensorDeclarations.Write));
        graph.Output.AddRange(outputs.Select(o => new ValueInfoProto { Name = o }));
        var part = new ModelProto { IrVersion = _proto.IrVersion, Graph = graph };
        part.OpsetImport.AddRange(_proto.OpsetImport);
        part.Functions.AddRange(_proto.Functions);
        return new OnnxModel(part, _externalNames, sourcePath: null, SourceSha256);
    }

    /// <summary>The graphs that a node carries, each of which can be opened as a model of its own.</summary>
    internal IEnumerable<Branch> Branches(GraphNode node) => node.Proto.Attribute.Where(a => a.G is not null).Select(a => new Branch(this, a.G));

    /// <summary>A graph that a node carries.</summary>
    /// <param name="model">The model around it.</param>
    /// <param name="graph">The graph.</param>
    internal sealed class Branch(OnnxModel model, GraphProto graph)
    {
        /// <summary>Tensors of the graph around it that it reads, constants apart.</summary>
        public IReadOnlyList<string> Captured { get; } =
            [.. GraphNode.FreeNames(graph).Where(n => model.Graph.Constant(n) is null && (model.Graph.Producer(n) is not null || model.Graph.IsInput(n))).Order(StringComparer.Ordinal)];

        /// <summary>The graph as a model.</summary>
        /// <param name="inputs">What it captures, with types and ranks.</param>
        /// <exception cref="OnnxCompressException">OCX1008: the graph contradicts itself.</exception>
        public OnnxModel Open(IReadOnlyList<TensorInfo> inputs)
        {
            var own = graph.Clone();
            var known = own.Initializer.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
            var free = GraphNode.FreeNames(graph);
            own.Initializer.AddRange(model._proto.Graph.Initializer.Where(i => free.Contains(i.Name) && !known.Contains(i.Name)));
            own.Node.AddRange(model._proto.Graph.Node.Where(n => n.OpType == "Constant" && n.Output.Any(free.Contains)).Select(n => n.Clone()));
            own.Input.AddRange(inputs.Select(TensorDeclarations.Write));
            var part = new ModelProto { IrVersion = model._proto.IrVersion, Graph = own };
            part.OpsetImport.AddRange(model._proto.OpsetImport);
            part.Functions.AddRange(model._proto.Functions);
            return new OnnxModel(part, model._externalNames, sourcePath: null, model.SourceSha256);
        }
    }

    /// <summary>The model as one message.</summary>
    /// <exception cref="InvalidOperationException">It is too large for one message; save it to a file instead.</exception>
    public byte[] ToBytes()
    {
        if (!FitsOneMessage)
        {
            throw new InvalidOperationException("The model is too large for one protobuf message; save it to a file with external data.");
        }

        return _proto.ToByteArray();
    }

    /// <summary>SHA-256 of the model as it stands; null when it is too large for one message.</summary>
    public string? ContentHash()
    {
        if (!FitsOneMessage)
        {
            return null;
        }

        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            _proto.WriteTo(stream);
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }

    /// <summary>
    /// The model as one message without its large constants, which a runtime takes from memory as they lie there: however
    /// many sessions run it, the weights are there once.
    /// </summary>
    /// <param name="location">What the model calls the place of the large constants.</param>
    /// <param name="constants">Name, type, shape and bytes of each constant that is left out.</param>
    internal byte[] ToBytesApart(string location, out IReadOnlyList<(string Name, ElementType Type, long[] Dims, ReadOnlyMemory<byte> Data)> constants)
    {
        var apart = _proto.Clone();
        var taken = new List<(string, ElementType, long[], ReadOnlyMemory<byte>)>();
        foreach (var tensor in apart.Graph.Initializer.Where(t => t.RawData.Length >= ExternalData.SmallestExternalBytes))
        {
            taken.Add((tensor.Name, (ElementType)tensor.DataType, [.. tensor.Dims], tensor.RawData.Memory));
            ExternalData.Announce(tensor, location, 0);
        }

        constants = taken;
        return apart.ToByteArray();
    }

    /// <summary>
    /// Writes the model: first beside the target under another name, then renamed, so that a reader sees the old file
    /// or the new one and never half of one. Weights go to <c>&lt;name&gt;.data</c> when the source kept them apart or
    /// when they do not fit into one message.
    /// </summary>
    /// <param name="path">The <c>.onnx</c> file; replaced when it exists.</param>
    /// <exception cref="IOException">It cannot be written; nothing was replaced.</exception>
    public void Save(string path)
    {
        using var staged = Stage(path);
        staged.Commit();
    }

    /// <summary>Writes the model as <see cref="Save"/> does, but leaves it beside its place until it is committed.</summary>
    /// <param name="path">The <c>.onnx</c> file.</param>
    /// <exception cref="IOException">It cannot be written; nothing was replaced.</exception>
    public StagedModel Stage(string path)
    {
        var all = !FitsOneMessage;
        return StagedModel.Write(_proto, NeedsExternalData ? t => Moves(t, all) : null, Path.GetFullPath(path));
    }

    private bool Moves(TensorProto tensor, bool all) =>
        tensor.RawData.Length >= ExternalData.SmallestExternalBytes && (all || _externalNames.Contains(tensor.Name));

    private static OnnxModel Read(ModelProto proto, ExternalDataReader reader, string? path, IncrementalHash hash)
    {
        var initializers = ExternalData.Internalize(proto, reader, LargestMessageBytes);
        var model = new OnnxModel(proto, initializers, path, Convert.ToHexStringLower(hash.GetHashAndReset())) { SideFiles = reader.Files };
        ModelChecks.Check(model._proto, model.Graph, model.Opset);
        return model;
    }

    /// <summary>Says that the model has nodes of another operator set, unless it says so already.</summary>
    /// <param name="domain">The set.</param>
    /// <param name="version">Its version.</param>
    internal void Import(string domain, long version)
    {
        if (!_proto.OpsetImport.Any(o => o.Domain == domain))
        {
            _proto.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = version });
        }
    }

    /// <summary>Adds or replaces an entry of the model's metadata.</summary>
    internal void SetMetadata(string key, string value)
    {
        var entry = _proto.MetadataProps.FirstOrDefault(e => e.Key == key);
        if (entry is null)
        {
            _proto.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        }
        else
        {
            entry.Value = value;
        }
    }
}
