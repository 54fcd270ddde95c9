using System.Net.Sockets;
using Finbuckle.MultiTenant.Abstractions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Onboarding.Tenancy.Isolation;

/// <summary>Which failures of the database pass by themselves.</summary>
public static class TransientFailures
{
    /// <summary>
    /// Whether the caller should come back later: the database is away, or could not say in time what became of a COMMIT.
    /// </summary>
    public static bool IsDatabaseAway(Exception exception) => exception is CommitInDoubtException || IsConnectionLost(exception);

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
}

/// <summary>Repeats a unit of work once when the connection broke before its COMMIT (FAULT-4).</summary>
/// <remarks>A COMMIT that failed arrives here only when it certainly did not take place (<see cref="CommitOutcome"/>).</remarks>
internal sealed class RetryOnceStrategy(ExecutionStrategyDependencies dependencies, NpgsqlDataSource dataSource)
    : ExecutionStrategy(dependencies, maxRetryCount: 1, maxRetryDelay: TimeSpan.FromMilliseconds(200))
{
    protected override bool ShouldRetryOn(Exception exception) => TransientFailures.IsConnectionLost(exception);

    protected override TimeSpan? GetNextDelay(Exception lastException) =>
        base.GetNextDelay(lastException) is null ? null : TimeSpan.FromMilliseconds(100);

    // One broken connection means that its idle siblings in the pool broke too.
    protected override void OnRetry() => dataSource.Clear();
}
