using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Organizations;

/// <summary>
/// Last step of an organization's life: queue rows, revocations, schema, role and catalogue entry go in one
/// transaction, so nothing of it is left (SEC-7). Running it again after a crash finishes it.
/// </summary>
public sealed class RemoveOrganization(IDbContextFactory<PlatformDbContext> platform, OwnerDataSource owner, ClusterSignals signals, TimeProvider clock)
{
    /// <summary>Removes one organization for good.</summary>
    public async Task RunAsync(Guid organizationId, CancellationToken cancellationToken)
    {
        // From here every node refuses it, so nobody holds its tables while they go.
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        var organization = await db.Organizations.SingleAsync(o => o.Id == organizationId.ToString(), cancellationToken);
        organization.BeginDeletion(clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        await signals.OrganizationChangedAsync(organization.Key, cancellationToken);

        await using var command = owner.Value.CreateCommand($"""
            DELETE FROM platform.work WHERE organization_id = '{organization.Key}';
            DELETE FROM platform.revocations WHERE organization_id = '{organization.Key}';
            DROP SCHEMA IF EXISTS {organization.Schema} CASCADE;
            DROP ROLE IF EXISTS {organization.Schema};
            DELETE FROM platform.organizations WHERE id = '{organization.Key}';
            """);
        await command.ExecuteNonQueryAsync(cancellationToken);
        await signals.OrganizationChangedAsync(organization.Key, cancellationToken);
    }
}
