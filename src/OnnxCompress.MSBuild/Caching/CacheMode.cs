namespace OnnxCompress.MSBuild;

/// <summary>What a build may do with the cache of results.</summary>
[Flags]
internal enum CacheMode
{
    /// <summary>Nothing.</summary>
    Off = 0,

    /// <summary>It takes results, and leaves none: builds of changes that nobody has reviewed cannot reach later builds through it.</summary>
    Read = 1,

    /// <summary>It leaves results, and makes each anew.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}
