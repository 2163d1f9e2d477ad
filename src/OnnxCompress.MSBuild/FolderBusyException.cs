namespace OnnxCompress.MSBuild;

/// <summary>Another process keeps the folder of a model.</summary>
/// <param name="message">What holds it, and what to do.</param>
public sealed class FolderBusyException(string message) : Exception(message);
