using System.Runtime.InteropServices;

namespace OnnxCompress.OnnxRuntime;

/// <summary>
/// Room for the signals of a thread that runs models. On Linux .NET turns a fault (a null reference, in a decoder of pictures say) into
/// an exception on a stack of 16 KB that it gives each thread. Once a thread has used a processor's tiles (AMX, as the runtime's products
/// of bytes do) the system puts 11 KB of registers there with every signal, what is left is too little, and the process ends without a word.
/// </summary>
internal static unsafe partial class SignalStack
{
    private const nuint Size = 64 << 10, Guard = 4 << 10;

    private const int IsOff = 2; // SS_DISABLE
    private const int ReadAndWrite = 3; // PROT_READ | PROT_WRITE
    private const int PrivateAndAnonymous = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS

    private static readonly bool IsNeeded = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    [ThreadStatic]
    private static bool _isWide;

    /// <summary>Gives this thread a wider stack for signals, once. Where the system refuses, all stays as it was.</summary>
    public static void Widen()
    {
        if (_isWide)
        {
            return;
        }

        _isWide = true;
        Description current;
        if (!IsNeeded || Exchange(null, &current) != 0 || (current.Flags & IsOff) != 0 || current.Size >= Size)
        {
            return;
        }

        var memory = Map(null, Size, ReadAndWrite, PrivateAndAnonymous, -1, 0);
        if (memory == (void*)-1)
        {
            return;
        }

        // Stays with the process when the thread ends: threads that run models are few, and no moment is known when it is out of use.
        var wide = new Description { Memory = memory, Size = Size };
        if (Protect(memory, Guard, 0) != 0 || Exchange(&wide, null) != 0)
        {
            _ = Unmap(memory, Size);
        }
    }

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Exchange(Description* wanted, Description* current);

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void* Map(void* wanted, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(void* memory, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(void* memory, nuint length);

    /// <summary><c>stack_t</c> of sigaltstack(2) on x64.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Description
    {
        public void* Memory;
        public int Flags;
        public nuint Size;
    }
}
