using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Onboarding.Tenancy.Isolation;

/// <summary>Sends the tenant's settings in the same round trip as every command that runs outside a transaction.</summary>
internal sealed class TenantCommandInterceptor : DbCommandInterceptor
{
    public override InterceptionResult<DbDataReader> ReaderExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
    {
        Apply(command, eventData);
        return result;
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Apply(command, eventData);
        return new(result);
    }

    public override DbDataReader ReaderExecuted(DbCommand command, CommandExecutedEventData eventData, DbDataReader result)
    {
        if (TenantSettings.IsPrefixed(command))
        {
            result.NextResult();
        }

        return result;
    }

    public override async ValueTask<DbDataReader> ReaderExecutedAsync(
        DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        if (TenantSettings.IsPrefixed(command))
        {
            try
            {
                await result.NextResultAsync(cancellationToken);
            }
            catch
            {
                // EF has not taken the reader over yet; left open it would block the pooled connection.
                await result.DisposeAsync();
                throw;
            }
        }

        return result;
    }

    // The count of affected rows is the command's own: a SELECT in front adds nothing to it.
    public override InterceptionResult<int> NonQueryExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
    {
        Apply(command, eventData);
        return result;
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Apply(command, eventData);
        return new(result);
    }

    // A scalar is read here, because ADO.NET would take it from the first result: the settings'.
    public override InterceptionResult<object> ScalarExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result)
    {
        Apply(command, eventData);
        if (!TenantSettings.IsPrefixed(command))
        {
            return result;
        }

        using var reader = command.ExecuteReader();
        return InterceptionResult<object>.SuppressWithResult(
            reader.NextResult() && reader.Read() ? reader.GetValue(0) : null!);
    }

    public override async ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result, CancellationToken cancellationToken = default)
    {
        Apply(command, eventData);
        if (!TenantSettings.IsPrefixed(command))
        {
            return result;
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return InterceptionResult<object>.SuppressWithResult(
            await reader.NextResultAsync(cancellationToken) && await reader.ReadAsync(cancellationToken) ? reader.GetValue(0) : null!);
    }

    private static void Apply(DbCommand command, CommandEventData eventData)
    {
        // Prefixed, a stale update or delete would look as if it had changed a row, and the lost update would be
        // silent. SaveChanges always has a transaction of its own, which was told already.
        if (eventData.CommandSource == CommandSource.SaveChanges && command.Transaction is null)
        {
            throw new InvalidOperationException("SaveChanges without a transaction: AutoTransactionBehavior must stay Always.");
        }

        TenantSettings.Apply(command, eventData.Context);
    }
}
