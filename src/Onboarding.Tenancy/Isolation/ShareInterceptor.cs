using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Onboarding.Tenancy.Isolation;

/// <summary>Takes a place in the organization's share before a request's connection is opened, and gives it back when that is closed.</summary>
/// <remarks>Nothing in a request opens a connection synchronously; one may well be closed so.</remarks>
internal sealed class ShareInterceptor(ConnectionShares shares) : DbConnectionInterceptor
{
    public override async ValueTask<InterceptionResult> ConnectionOpeningAsync(
        DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        if (shares.Current is { } request)
        {
            await request.TakeAsync(connection, cancellationToken);
        }

        return result;
    }

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => shares.Current?.Begin();

    public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        shares.Current?.Begin();
        return Task.CompletedTask;
    }

    public override void ConnectionClosed(DbConnection connection, ConnectionEndEventData eventData) => shares.Current?.GiveBack(connection);

    public override Task ConnectionClosedAsync(DbConnection connection, ConnectionEndEventData eventData)
    {
        shares.Current?.GiveBack(connection);
        return Task.CompletedTask;
    }

    public override void ConnectionFailed(DbConnection connection, ConnectionErrorEventData eventData) => shares.Current?.GiveBack(connection);

    public override Task ConnectionFailedAsync(DbConnection connection, ConnectionErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        shares.Current?.GiveBack(connection);
        return Task.CompletedTask;
    }

    public override void ConnectionCanceled(DbConnection connection, ConnectionEndEventData eventData) => shares.Current?.GiveBack(connection);

    public override Task ConnectionCanceledAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        shares.Current?.GiveBack(connection);
        return Task.CompletedTask;
    }
}
