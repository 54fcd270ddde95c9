using Npgsql;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Work;

namespace Onboarding.Billing.Subscriptions;

/// <summary>Has the state of customers fetched: a pointer in the work queue, one per customer.</summary>
public sealed class SyncRequests(NpgsqlDataSource dataSource, WorkSignal signal, TimeProvider clock)
{
    /// <summary>
    /// The pointer of a customer, due at once. A fetch that is under way is no answer to what is asked for now, so its claim
    /// ends: it may begin before the change that is asked about, and the next one begins after it.
    /// </summary>
    internal const string OnConflict = $"ON CONFLICT (ref_id) WHERE kind = '{WorkKinds.Billing}' DO UPDATE SET due_at = excluded.due_at, claim_id = NULL, attempt = 0";

    /// <summary>Has a customer's state fetched at a later time, unless that is asked for already.</summary>
    public async Task LaterAsync(Guid organizationId, Guid customerId, TimeSpan wait, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var command = dataSource.CreateCommand($"""
            INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES ($1, $2, '{WorkKinds.Billing}', $3, $4, 0)
            ON CONFLICT (ref_id) WHERE kind = '{WorkKinds.Billing}' DO NOTHING
            """);
        command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(Ids.New(now)), Sql.Value(organizationId), Sql.Value(customerId), Sql.Value(now + wait)]);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Something was done here that changes what the provider says of an organization.</summary>
    /// <returns>False when the organization is nobody's customer.</returns>
    public async Task<bool> OfOrganizationAsync(Guid organizationId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand($"""
            WITH asked AS (UPDATE billing.customers SET asked_at = $2 WHERE organization_id = $1 AND deleted_at IS NULL RETURNING id, organization_id)
            INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt)
            SELECT gen_random_uuid(), organization_id, '{WorkKinds.Billing}', id, $2, 0 FROM asked
            {OnConflict}
            """);
        command.Parameters.AddRange((NpgsqlParameter[])[Sql.Value(organizationId), Sql.Value(clock.GetUtcNow())]);
        var asked = await command.ExecuteNonQueryAsync(cancellationToken) > 0;
        if (asked)
        {
            signal.Wake();
        }

        return asked;
    }
}
