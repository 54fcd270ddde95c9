using System.Net.Sockets;
using Finbuckle.MultiTenant.Abstractions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Onboarding.Tenancy.Isolation;

/// <summary>Which failures of the database pass by themselves.</summary>
public static class TransientFailures
{
    // Where PostgreSQL refuses a value of a setting such as "role"; to a table it refuses access elsewhere.
    private const string RefusesSetting = "call_string_check_hook";

    /// <summary>
    /// Whether the caller should come back later: the database is away, has no room, or could not say in time what became of a COMMIT.
    /// </summary>
    public static bool IsDatabaseAway(Exception exception) => exception is CommitInDoubtException || IsConnectionLost(exception) || IsDiskFull(exception);

    /// <summary>The server has no room left for what was to be written. It goes on reading, and writes again once there is room (FAULT-18).</summary>
    public static bool IsDiskFull(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => true,
        MultiTenantException or InvalidOperationException or DbUpdateException => exception.InnerException is { } inner && IsDiskFull(inner),
        _ => false,
    };

    /// <summary>The connection broke or could not be made: the server restarts, fails over or is full.</summary>
    public static bool IsConnectionLost(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState is
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.IdleSessionTimeout,
        NpgsqlException { InnerException: IOException or SocketException or TimeoutException } => true,
        NpgsqlException { IsTransient: true } => true,
        MultiTenantException or InvalidOperationException or DbUpdateException or RetryLimitExceededException => exception.InnerException is { } inner && IsConnectionLost(inner),
        _ => false,
    };

    /// <summary>Others were in the way, or it took too long; the same may succeed in a moment.</summary>
    public static bool IsContention(Exception exception) =>
        IsDeadlock(exception) || exception is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled };

    /// <summary>
    /// Whether it makes sense to try again at once: not where PostgreSQL, or the pool, was too slow. A statement that
    /// took its time would take it twice, and a crowd that waits for connections would be made to open new ones.
    /// </summary>
    public static bool IsWorthRepeating(Exception exception) => (IsConnectionLost(exception) && !IsTimeout(exception)) || IsRoleUnseen(exception) || IsDeadlock(exception);

    /// <summary>
    /// The connection may not take the organization's role. PostgreSQL keeps the roles of a login in the memory of each
    /// connection; one that reads them while another organization's are being granted can miss the newest until it hears
    /// of the next grant. A new connection reads them anew.
    /// </summary>
    public static bool IsRoleUnseen(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege, Routine: RefusesSetting } => true,
        InvalidOperationException or DbUpdateException => exception.InnerException is { } inner && IsRoleUnseen(inner),
        _ => false,
    };

    /// <summary>PostgreSQL has ended this transaction so that another could go on: nothing of it is left, and the other is done in a moment.</summary>
    public static bool IsDeadlock(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure } => true,
        InvalidOperationException or DbUpdateException => exception.InnerException is { } inner && IsDeadlock(inner),
        _ => false,
    };

    private static bool IsTimeout(Exception exception) => exception is TimeoutException || (exception.InnerException is { } inner && IsTimeout(inner));
}

/// <summary>
/// Repeats a unit of work once when the connection broke before its COMMIT (FAULT-4), has not seen the organization's role
/// yet, or lost a deadlock.
/// </summary>
/// <remarks>A COMMIT that failed arrives here only when it certainly did not take place (<see cref="CommitOutcome"/>).</remarks>
internal sealed class RetryOnceStrategy(ExecutionStrategyDependencies dependencies, NpgsqlDataSource dataSource)
    : ExecutionStrategy(dependencies, maxRetryCount: 1, maxRetryDelay: TimeSpan.FromMilliseconds(200))
{
    protected override bool ShouldRetryOn(Exception exception) => TransientFailures.IsWorthRepeating(exception);

    protected override TimeSpan? GetNextDelay(Exception lastException) =>
        base.GetNextDelay(lastException) is null ? null : TimeSpan.FromMilliseconds(100);

    // One broken connection means that its idle siblings in the pool broke too; what one has not seen they may have missed.
    protected override void OnRetry()
    {
        if (!TransientFailures.IsDeadlock(ExceptionsEncountered[^1]))
        {
            dataSource.Clear();
        }
    }
}
