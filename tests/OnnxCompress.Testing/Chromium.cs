using System.Diagnostics;

namespace OnnxCompress.Testing;

/// <summary>Loads pages in headless Chromium where there is one; tests that need it are skipped elsewhere.</summary>
public static class Chromium
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome.exe", "msedge.exe"];

    /// <summary>Loads a page.</summary>
    /// <param name="page">The file.</param>
    /// <returns>The page as it was understood, and what the browser wrote to its console.</returns>
    public static (string Dom, IReadOnlyList<string> Console) Load(string page)
    {
        var program = Find();
        Assert.SkipWhen(program is null, "No Chromium or Chrome is on PATH.");
        using var profile = new TemporaryFolder();
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
            $"--user-data-dir={profile.Root}", "--enable-logging=stderr", "--v=0", "--dump-dom", new Uri(page).AbsoluteUri,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var console = process.StandardError.ReadToEndAsync();
        var dom = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(60)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail("The browser did not end within a minute.");
        }

        return (dom.GetAwaiter().GetResult(), [.. console.GetAwaiter().GetResult().Split('\n').Where(line => line.Contains("CONSOLE", StringComparison.Ordinal))]);
    }

    private static string? Find() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Where(folder => folder.Length > 0)
            .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
}
