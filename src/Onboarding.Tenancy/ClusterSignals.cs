using Npgsql;

namespace Onboarding.Tenancy;

/// <summary>What nodes tell each other, by PostgreSQL's NOTIFY. Every signal has a poll behind it, so a lost one costs time, not truth.</summary>
public sealed class ClusterSignals(NpgsqlDataSource dataSource)
{
    /// <summary>Something is due in the work queue; the payload is the node that says so.</summary>
    public const string Work = "onboarding_work";

    /// <summary>An organization changed in the catalogue; the payload is its id.</summary>
    public const string Organization = "onboarding_organization";

    /// <summary>Access tokens were revoked; no payload.</summary>
    public const string Revocation = "onboarding_revocation";

    /// <summary>Tells every node to forget what it knows of an organization.</summary>
    public Task OrganizationChangedAsync(Guid organizationId, CancellationToken cancellationToken) =>
        NotifyAsync(Organization, organizationId.ToString(), cancellationToken);

    /// <summary>Tells every node, this one included, on <paramref name="channel"/>.</summary>
    public async Task NotifyAsync(string channel, string payload, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT pg_notify($1, $2)");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = channel });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = payload });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
