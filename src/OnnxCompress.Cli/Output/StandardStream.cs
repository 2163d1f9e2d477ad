using System.Text;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Output;

/// <summary>
/// A standard stream of the process, which may be closed or full. Results that cannot be printed are an error of their own:
/// all files are written by then. Talk that nobody can take is dropped.
/// </summary>
/// <param name="open">The stream; fails where the process has none.</param>
/// <param name="isTalk">Whether it takes talk.</param>
internal sealed class StandardStream(Func<TextWriter> open, bool isTalk) : TextWriter
{
    private TextWriter? _inner;

    /// <inheritdoc />
    public override Encoding Encoding => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <inheritdoc />
    public override void Write(char value) => Attempt(stream => stream.Write(value));

    /// <inheritdoc />
    public override void Write(char[] buffer, int index, int count) => Attempt(stream => stream.Write(buffer, index, count));

    /// <inheritdoc />
    public override void Write(string? value) => Attempt(stream => stream.Write(value));

    /// <inheritdoc />
    public override void WriteLine(string? value) => Attempt(stream => stream.WriteLine(value));

    /// <inheritdoc />
    public override void Flush() => Attempt(stream => stream.Flush());

    private void Attempt(Action<TextWriter> write)
    {
        try
        {
            write(_inner ??= open());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            _inner = Null;
            if (!isTalk)
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.OutputStreamClosed,
                    $"The results cannot be printed, the standard output is closed or full: {failure.Message.TrimEnd('.')}. Files that the run writes are not affected.",
                    failure);
            }
        }
    }
}
