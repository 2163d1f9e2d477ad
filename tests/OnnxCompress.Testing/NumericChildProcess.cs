using System.Diagnostics;

namespace OnnxCompress.Testing;

/// <summary>Reruns tests of this assembly in a child process with some instruction sets switched off.</summary>
public static class NumericChildProcess
{
    /// <summary>Set in a child to the variable that the parent set, so that the child can check that it took effect.</summary>
    public const string Marker = "NUMERIC_CHILD";

    /// <summary>The switch this process runs under, or null in the parent.</summary>
    public static string? Current => Environment.GetEnvironmentVariable(Marker);

    /// <summary>Runs the tests of some classes with an environment switch set to 0; fails with the child's output.</summary>
    public static void Run(string assemblyPath, string variable, params string[] classes)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(assemblyPath);
        foreach (var name in classes)
        {
            start.ArgumentList.Add("--filter-class");
            start.ArgumentList.Add(name);
        }

        start.Environment[variable] = "0";
        start.Environment[Marker] = variable;
        using var child = Process.Start(start)!;
        var errors = child.StandardError.ReadToEndAsync();
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.True(child.ExitCode == 0, $"{variable}=0: exit {child.ExitCode}{Environment.NewLine}{output}{errors.Result}");
    }
}
