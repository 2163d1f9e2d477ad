using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace OnnxCompress.Fuzz;

/// <summary>Runs one input after another in a process of its own, because the runtime under test could take the process with it.</summary>
internal static class FuzzWorker
{
    /// <summary>Where the worker notes the number it is at: if it dies, that input killed it.</summary>
    public const string Position = "position";

    /// <summary>Runs inputs until the time is up; prints one line for each that is not refused or taken quietly, and totals at the end.</summary>
    public static int Run(string[] args)
    {
        var options = new FuzzOptions(args, "--seed", "--from", "--to", "--seconds", "--target", "--folder");
        var folder = options.Text("--folder")!;
        var fuzzing = new Fuzzing((int)options.Number("--seed", 0), options.Text("--target")?.Split(',') ?? []);
        using var map = MemoryMappedFile.CreateFromFile(Path.Combine(folder, Position), FileMode.Open);
        using var position = map.CreateViewAccessor(0, sizeof(long));
        var time = Stopwatch.StartNew();
        var tally = new FuzzTally();
        var inputs = Directory.CreateDirectory(Path.Combine(folder, "input")).FullName;
        for (var number = options.Number("--from", 0); number < options.Number("--to", long.MaxValue) && time.Elapsed.TotalSeconds < options.Number("--seconds", 60); number++)
        {
            position.Write(0, number);
            var outcome = fuzzing.Run(number, inputs);
            tally.Add(outcome);
            if (outcome.Wrong is not null)
            {
                Console.WriteLine($"finding {number} {outcome.Target} {Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(outcome.Wrong))}");
            }

            if (tally.Count % 256 == 0)
            {
                Console.WriteLine($"tally {tally.Serialize()}");
                tally = new FuzzTally();
            }
        }

        Console.WriteLine($"tally {tally.Serialize()}");
        return 0;
    }
}
