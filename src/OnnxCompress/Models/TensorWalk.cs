using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>Every tensor that a model holds, wherever it lies.</summary>
internal static class TensorWalk
{
    /// <summary>The initializers of the main graph in their order, then all else: attributes, subgraphs, sparse tensors, functions, training.</summary>
    public static IEnumerable<TensorProto> All(ModelProto model) =>
        model.Graph.Initializer.Concat(Inner(model));

    /// <summary>All but the initializers of the main graph.</summary>
    public static IEnumerable<TensorProto> Inner(ModelProto model) =>
    [
        .. model.Graph.SparseInitializer.SelectMany(Of),
        .. model.Graph.Node.SelectMany(Of),
        .. model.Functions.SelectMany(f => f.Node.SelectMany(Of).Concat(f.AttributeProto.SelectMany(Of))),
        .. model.TrainingInfo.SelectMany(t => Of(t.Initialization).Concat(Of(t.Algorithm))),
    ];

    // How deep graphs lie in graphs is limited by the parser.
    private static IEnumerable<TensorProto> Of(GraphProto? graph) => graph is null ? [] :
        [.. graph.Initializer, .. graph.SparseInitializer.SelectMany(Of), .. graph.Node.SelectMany(Of)];

    private static IEnumerable<TensorProto> Of(NodeProto node) => node.Attribute.SelectMany(Of);

    private static IEnumerable<TensorProto> Of(AttributeProto attribute) =>
    [
        .. One(attribute.T),
        .. attribute.Tensors,
        .. Of(attribute.SparseTensor),
        .. attribute.SparseTensors.SelectMany(Of),
        .. Of(attribute.G),
        .. attribute.Graphs.SelectMany(Of),
    ];

    private static IEnumerable<TensorProto> Of(SparseTensorProto? sparse) => sparse is null ? [] : [.. One(sparse.Values), .. One(sparse.Indices)];

    private static IEnumerable<TensorProto> One(TensorProto? tensor) => tensor is null ? [] : [tensor];
}
