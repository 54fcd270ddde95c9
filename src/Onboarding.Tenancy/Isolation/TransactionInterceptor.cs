using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Isolation;

/// <summary>Notes each transaction's id when it starts, makes a tenant's the tenant's, and settles its COMMIT when that is in doubt.</summary>
/// <remarks>
/// Savepoints around each save are left out: two round trips for going on after a failed save, which nobody does, and which
/// is refused.
/// </remarks>
internal sealed class TransactionInterceptor(CommitOutcome outcomes) : DbTransactionInterceptor
{
    public override DbTransaction TransactionStarted(DbConnection connection, TransactionEndEventData eventData, DbTransaction result)
    {
        try
        {
            using var command = BeginCommand(result, eventData.Context);
            using var reader = command.ExecuteReader();
            reader.Read();
            CommitProof.Of(eventData.Context).Start(eventData.Context!, reader.GetString(reader.FieldCount - 1));
            return result;
        }
        catch
        {
            // EF does not know the transaction yet, so nobody else would end it, and nobody would give back the connection
            // that EF has opened for it.
            result.Dispose();
            eventData.Context?.Database.CloseConnection();
            throw;
        }
    }

    public override async ValueTask<DbTransaction> TransactionStartedAsync(
        DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = BeginCommand(result, eventData.Context);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            CommitProof.Of(eventData.Context).Start(eventData.Context!, reader.GetString(reader.FieldCount - 1));
            return result;
        }
        catch
        {
            await result.DisposeAsync();
            await (eventData.Context?.Database.CloseConnectionAsync() ?? Task.CompletedTask);
            throw;
        }
    }

    public override async ValueTask<InterceptionResult> TransactionCommittingAsync(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        if (CommitProof.Of(eventData.Context).HasFailedSave)
        {
            throw new InvalidOperationException("A save in this transaction has failed, and may have done half of its work.");
        }

        try
        {
            // Once COMMIT is on its way, giving up would only leave its outcome unknown.
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (DbException failure) when (TransientFailures.IsConnectionLost(failure))
        {
            await outcomes.SettleAsync(CommitProof.Of(eventData.Context), failure);
        }

        return InterceptionResult.Suppress();
    }

    /// <summary>A command whose last column is the transaction's id.</summary>
    private static DbCommand BeginCommand(DbTransaction transaction, DbContext? context)
    {
        if (context is not PlatformDbContext)
        {
            return TenantSettings.BeginCommand(transaction, context);
        }

        var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT pg_current_xact_id()::text";
        return command;
    }
}
