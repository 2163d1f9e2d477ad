using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// How long a search may take. What would not end in time, as the longest of its kind so far says, is not begun; what does not end in
/// time all the same is stopped; and the best that was found is taken. Until then it decides nothing: with time enough the result is the
/// one without a limit.
/// </summary>
internal sealed class TimeLimit : IDisposable
{
    /// <summary>A plan that is made, carried out and compared.</summary>
    public const string Plan = "plan";

    /// <summary>A plan that is carried out on few samples.</summary>
    public const string Glance = "glance";

    /// <summary>The model in numbers of one form, with nothing removed.</summary>
    public const string Form = "form";

    private readonly TimeProvider _clock;
    private readonly TimeSpan? _limit;
    private readonly long _start;
    private readonly CancellationToken _asked;
    private readonly CancellationTokenSource? _end, _either;
    private readonly Dictionary<string, TimeSpan> _longest = new(StringComparer.Ordinal);
    private int _steps;

    /// <summary>The time begins.</summary>
    /// <param name="limit">How long; null for as long as it takes.</param>
    /// <param name="clock">What time it is.</param>
    /// <param name="cancellation">What else stops the work.</param>
    public TimeLimit(TimeSpan? limit, TimeProvider clock, CancellationToken cancellation)
    {
        (_limit, _clock, _asked, _start) = (limit, clock, cancellation, clock.GetTimestamp());
        if (limit is { } time)
        {
            _end = new CancellationTokenSource(time, clock);
            _either = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, cancellation);
        }
    }

    /// <summary>As long as it takes.</summary>
    public static TimeLimit None { get; } = new(null, TimeProvider.System, CancellationToken.None);

    /// <summary>Stops what the limit is for: at its end, or when the run is stopped.</summary>
    public CancellationToken Token => _either?.Token ?? _asked;

    /// <summary>Whether something was not begun, or stopped, for want of time.</summary>
    public bool IsReached { get; private set; }

    /// <summary>That a result is the best that was found by then.</summary>
    public Diagnostic Warning => new(
        DiagnosticCodes.SearchCutShort,
        Severity.Warning,
        $"--time-limit ended the search after {Steps}: the result is the best of them, and the next run may come to another. A longer --time-limit searches to the end; --keep-macs 0.7 and --precision float ask for less.");

    /// <summary>That not all that was asked for is shown.</summary>
    public Diagnostic NotAllShown => new(
        DiagnosticCodes.SearchCutShort,
        Severity.Warning,
        $"--time-limit ended the run after {Steps}: smaller budgets and other numbers are not shown, and the next run may come further. A longer --time-limit shows all; --precision float asks for less.");

    /// <summary>That nothing was found by then.</summary>
    public OnnxCompressException Failure => new(
        DiagnosticCodes.TimeLimitReached,
        _steps == 0
            ? "--time-limit ended the search before a first model was made. Give more time, or less to do: fewer --samples, more --threads, --methods id, --precision float."
            : $"--time-limit ended the search after {Steps}, none of which does what was asked for. Give more time, or ask for less: --keep-macs 0.7 with --precision float tries five models, --trials 1 one.");

    private string Steps => _steps == 1 ? "1 model" : FormattableString.Invariant($"{_steps} models");

    /// <summary>Whether there is time for steps of a kind; where not, the limit is reached, though something shorter may still begin.</summary>
    /// <param name="kind">What is about to begin.</param>
    /// <param name="steps">Of these, one after the other.</param>
    public bool HasTimeFor(string kind, int steps = 1)
    {
        var isShort = _limit is { } limit && _clock.GetElapsedTime(_start) + (steps * _longest.GetValueOrDefault(kind)) >= limit;
        IsReached |= isShort;
        return !isShort;
    }

    /// <summary>Takes a step, if there is time for one.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="work">The step; stops by <see cref="Token"/>.</param>
    /// <exception cref="OnnxCompressException">OCX5006: there is none, or no longer.</exception>
    public T Step<T>(string kind, Func<T> work)
    {
        if (!HasTimeFor(kind))
        {
            throw Failure;
        }

        var begun = _clock.GetTimestamp();
        var made = Within(work);
        var took = _clock.GetElapsedTime(begun);
        if (_limit is not null)
        {
            _longest[kind] = took > _longest.GetValueOrDefault(kind) ? took : _longest.GetValueOrDefault(kind);
            _steps += kind == Glance ? 0 : 1;
        }

        return made;
    }

    /// <summary>Works while there is time.</summary>
    /// <param name="work">Stops by <see cref="Token"/>.</param>
    /// <exception cref="OnnxCompressException">OCX5006: it did not end in time.</exception>
    public T Within<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (OperationCanceledException) when (_end is { IsCancellationRequested: true } && !_asked.IsCancellationRequested)
        {
            IsReached = true;
            throw Failure;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _either?.Dispose();
        _end?.Dispose();
    }
}
