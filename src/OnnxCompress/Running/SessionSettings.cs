namespace OnnxCompress.Running;

/// <summary>How a session runs.</summary>
/// <param name="Threads">Threads inside an operator; 0 leaves the choice to the runtime.</param>
/// <param name="Optimize">Whether the runtime may fuse and rearrange nodes. Off keeps every tensor observable.</param>
/// <param name="Spin">Whether idle threads wait by spinning: faster for one session alone, as when time is measured.</param>
public sealed record SessionSettings(int Threads = 0, bool Optimize = true, bool Spin = true)
{
    /// <summary>For a few runs of a graph as it stands: the optimisations of the runtime take time that grows with the square of some chains.</summary>
    internal static SessionSettings AsItStands { get; } = new(Threads: 1, Optimize: false, Spin: false);
}
