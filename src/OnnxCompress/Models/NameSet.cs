using Google.Protobuf.Collections;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>
/// Whether a name is among a graph's inputs or outputs, which may be very many: a set that follows entries that are added
/// or cleared.
/// </summary>
/// <param name="entries">The list in the protobuf; entries are added at its end or all are cleared.</param>
internal sealed class NameSet(RepeatedField<ValueInfoProto> entries)
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private int _read;

    /// <summary>Whether an entry bears the name.</summary>
    public bool Contains(string name)
    {
        if (entries.Count < _read)
        {
            _names.Clear();
            _read = 0;
        }

        for (; _read < entries.Count; _read++)
        {
            _names.Add(entries[_read].Name);
        }

        return _names.Contains(name);
    }
}
