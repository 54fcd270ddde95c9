using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Onboarding.Tenancy.Isolation;

/// <summary>Makes each transaction the tenant's when it starts, and settles its COMMIT when that is in doubt.</summary>
internal sealed class TenantTransactionInterceptor(CommitOutcome outcomes) : DbTransactionInterceptor
{
    public override DbTransaction TransactionStarted(DbConnection connection, TransactionEndEventData eventData, DbTransaction result)
    {
        try
        {
            using var command = TenantSettings.BeginCommand(result, eventData.Context);
            using var reader = command.ExecuteReader();
            reader.Read();
            TenantSettings.TenantOf(eventData.Context).TransactionId = reader.GetString(2);
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
            await using var command = TenantSettings.BeginCommand(result, eventData.Context);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            TenantSettings.TenantOf(eventData.Context).TransactionId = reader.GetString(2);
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
        try
        {
            // Once COMMIT is on its way, giving up would only leave its outcome unknown.
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (DbException failure) when (TransientFailures.IsConnectionLost(failure))
        {
            await outcomes.SettleAsync(TenantSettings.TenantOf(eventData.Context), failure);
        }

        return InterceptionResult.Suppress();
    }
}
