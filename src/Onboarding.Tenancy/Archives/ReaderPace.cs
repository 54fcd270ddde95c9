namespace Onboarding.Tenancy.Archives;

/// <summary>
/// Holds whoever reads an export to a pace: meanwhile a connection, and a snapshot that keeps PostgreSQL from cleaning up, are held
/// for them (SEC-50).
/// </summary>
/// <remarks>
/// Time counts only while a write waits. Each may take what its bytes take at the slowest pace; what it takes longer adds up to the
/// patience at most, and is won back by writes that are faster. Nobody saves up time by having been fast.
/// </remarks>
internal sealed class ReaderPace(ExportOptions options, TimeProvider clock)
{
    private TimeSpan behind;
    private bool isOver;

    /// <summary>Runs one write.</summary>
    /// <exception cref="ExportBrokenOffException">Whoever reads is too slow.</exception>
    public async ValueTask RunAsync(int bytes, Func<CancellationToken, ValueTask> write, CancellationToken cancellationToken)
    {
        if (isOver)
        {
            // What is written while an archive is given up: nobody is waited for once more.
            throw TooSlow();
        }

        var due = TimeSpan.FromSeconds((double)bytes / options.BytesPerSecond);
        using var limit = new CancellationTokenSource(options.Patience - behind + due, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var begun = clock.GetTimestamp();
        try
        {
            await write(either.Token);
        }
        catch (Exception exception) when (limit.IsCancellationRequested)
        {
            throw TooSlow(exception);
        }

        if (limit.IsCancellationRequested)
        {
            // A web server may end a write that was cancelled as if nothing were.
            throw TooSlow();
        }

        var after = behind + clock.GetElapsedTime(begun) - due;
        if (after > options.Patience)
        {
            // The timer came late.
            throw TooSlow();
        }

        behind = after > TimeSpan.Zero ? after : TimeSpan.Zero;
    }

    private ExportBrokenOffException TooSlow(Exception? inner = null)
    {
        isOver = true;
        return new($"The export was broken off: it was read slower than {options.BytesPerSecond} bytes a second for longer than {options.Patience}.", inner);
    }
}

/// <summary>An export came to no end: a sentence says why. What was written is no archive.</summary>
public sealed class ExportBrokenOffException(string message, Exception? inner = null) : Exception(message, inner);
