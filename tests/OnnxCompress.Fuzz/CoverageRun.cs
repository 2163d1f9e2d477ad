using System.Buffers.Binary;
using System.Security.Cryptography;
using SharpFuzz;

namespace OnnxCompress.Fuzz;

/// <summary>
/// One target under a fuzzer that sees which branches an input takes (afl-fuzz, through SharpFuzz): it keeps what reaches new
/// code and changes that on. The assemblies must be instrumented first; <c>coverage.sh</c> does all of it.
/// </summary>
internal static class CoverageRun
{
    /// <summary>Waits for inputs on the pipe of afl-fuzz; with <c>--corpus</c> writes first inputs, with <c>--file</c> reads one.</summary>
    public static int Run(string[] args)
    {
        var options = new FuzzOptions(args, "--target", "--corpus", "--inputs", "--file", "--seed");
        // Instrumented code must not run before the fuzzer has given it the memory where it counts.
        var fuzzing = new Lazy<Fuzzing>(() => new Fuzzing((int)options.Number("--seed", 0), [options.Text("--target") ?? "model"]));
        if (options.Text("--corpus") is { } corpus)
        {
            Write(fuzzing.Value, Directory.CreateDirectory(corpus).FullName, options.Number("--inputs", 64));
            return 0;
        }

        var target = new Lazy<FuzzTarget>(() => fuzzing.Value.Make(0).Target);
        var folder = Directory.CreateTempSubdirectory("onnx-compress-coverage-").FullName;
        if (options.Text("--file") is { } file)
        {
            var outcome = Judge(target.Value, File.ReadAllBytes(file), folder);
            Console.WriteLine(outcome.Wrong ?? (outcome.Refused.Length > 0 ? $"refused with {outcome.Refused}" : "taken"));
            return outcome.Wrong is null ? 0 : 1;
        }

        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            if (Judge(target.Value, bytes.ToArray(), folder).Wrong is { } wrong)
            {
                throw new InvalidOperationException(wrong);
            }
        });
        return 0;
    }

    // What is drawn on the way depends on the input alone, so that the same bytes take the same branches.
    private static FuzzOutcome Judge(FuzzTarget target, byte[] input, string folder) =>
        Fuzzing.Run(target, input, BinaryPrimitives.ReadInt32LittleEndian(SHA256.HashData(input)), folder);

    private static void Write(Fuzzing fuzzing, string folder, long inputs)
    {
        for (var number = 0L; number < inputs; number++)
        {
            var (target, input) = fuzzing.Make(number);
            File.WriteAllBytes(Path.Combine(folder, $"{number}{target.Extension}"), input);
        }
    }
}
