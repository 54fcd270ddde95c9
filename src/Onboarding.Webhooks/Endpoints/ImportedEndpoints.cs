using System.Security.Cryptography;
using Npgsql;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Data;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Endpoints;

/// <summary>
/// Endpoints whose secret was encrypted by another installation: nothing could be signed for them, and nobody could look at
/// them. They are disabled and get a new secret that nobody knows, to be rotated before they are enabled.
/// </summary>
internal sealed class ImportedEndpoints(EndpointSecrets secrets, TimeProvider clock) : IImportedSecrets
{
    private const int Page = 500;

    public string WhatBecame => "webhook endpoints could not be opened here and are disabled, without their own headers; rotate their secrets before they are enabled.";

    public async Task<int> DropUnreadableAsync(NpgsqlTransaction transaction, Guid scope, CancellationToken cancellationToken)
    {
        var (dropped, page) = (0, new List<Row>());
        do
        {
            page = await NextAsync(transaction, page.Count == 0 ? Guid.Empty : page[^1].Id, cancellationToken);
            var unreadable = page.Where(row => !Opens(row, scope)).ToList();
            if (unreadable.Count > 0)
            {
                await DisableAsync(transaction, unreadable, scope, cancellationToken);
                dropped += unreadable.Count;
            }
        }
        while (page.Count == Page);
        return dropped;
    }

    private bool Opens(Row row, Guid scope)
    {
        try
        {
            secrets.Unprotect(row.Secrets, scope);
            secrets.UnprotectHeaders(row.Headers, scope);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static async Task<List<Row>> NextAsync(NpgsqlTransaction transaction, Guid after, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT id, secrets, headers FROM webhook_endpoints WHERE id > $1 ORDER BY id LIMIT $2", transaction.Connection, transaction);
        command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(after), Sql.Value(Page)]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var page = new List<Row>();
        while (await reader.ReadAsync(cancellationToken))
        {
            page.Add(new(reader.GetGuid(0), reader.GetFieldValue<byte[]>(1), await reader.IsDBNullAsync(2, cancellationToken) ? null : reader.GetFieldValue<byte[]>(2)));
        }

        return page;
    }

    private async Task DisableAsync(NpgsqlTransaction transaction, List<Row> unreadable, Guid scope, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            UPDATE webhook_endpoints e SET secrets = n.secrets, headers = NULL, status = 'disabled', disabled_reason = coalesce(e.disabled_reason, 'by_hand'), disabled_at = coalesce(e.disabled_at, $3)
            FROM unnest($1::uuid[], $2::bytea[]) AS n (id, secrets) WHERE e.id = n.id
            """,
            transaction.Connection,
            transaction);
        command.Parameters.AddRange((NpgsqlParameter[])
        [
            Sql.Column(unreadable, row => row.Id),
            Sql.Column(unreadable, _ => secrets.Protect(EndpointSecrets.First(WebhookSecret.Generate(WebhookSecretKind.V1)), scope)),
            Sql.Value(clock.GetUtcNow()),
        ]);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Row(Guid Id, byte[] Secrets, byte[]? Headers);
}
