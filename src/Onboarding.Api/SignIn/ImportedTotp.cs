using Npgsql;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.SignIn;

/// <summary>
/// Authenticator apps whose seed was encrypted by another installation: nobody could ever show a code that is taken, so
/// they go, with the recovery codes, whose hashes are keyed by that installation too.
/// </summary>
internal sealed class ImportedTotp(TotpSeeds seeds) : IImportedSecrets
{
    private const int Page = 500;

    public string WhatBecame => "authenticator apps could not be opened here and were removed; their members sign in with the password and set up a new one.";

    public async Task<int> DropUnreadableAsync(NpgsqlTransaction transaction, Guid scope, CancellationToken cancellationToken)
    {
        var (dropped, page) = (0, new List<(Guid Member, byte[] Seed)>());
        do
        {
            page = await NextAsync(transaction, page.Count == 0 ? Guid.Empty : page[^1].Member, cancellationToken);
            var unreadable = page.Where(totp => !seeds.Opens(totp.Seed, scope, totp.Member)).Select(totp => totp.Member).ToArray();
            if (unreadable.Length > 0)
            {
                await DropAsync(transaction, unreadable, cancellationToken);
                dropped += unreadable.Length;
            }
        }
        while (page.Count == Page);
        return dropped;
    }

    private static async Task<List<(Guid Member, byte[] Seed)>> NextAsync(NpgsqlTransaction transaction, Guid after, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT member_id, protected_seed FROM totp WHERE member_id > $1 ORDER BY member_id LIMIT $2", transaction.Connection, transaction);
        command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(after), Sql.Value(Page)]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var page = new List<(Guid, byte[])>();
        while (await reader.ReadAsync(cancellationToken))
        {
            page.Add((reader.GetGuid(0), reader.GetFieldValue<byte[]>(1)));
        }

        return page;
    }

    private static async Task DropAsync(NpgsqlTransaction transaction, Guid[] members, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH gone AS (DELETE FROM totp WHERE member_id = ANY ($1)), codes AS (DELETE FROM recovery_codes WHERE member_id = ANY ($1))
            UPDATE members m SET two_factor_enabled = EXISTS (SELECT FROM passkeys p WHERE p.user_id = m.id) WHERE m.id = ANY ($1) AND m.two_factor_enabled
            """,
            transaction.Connection,
            transaction);
        command.Parameters.Add(Sql.Value(members));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
