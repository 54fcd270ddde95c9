using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Organizations;

/// <summary>Copies an organization's settings and roles into the catalogue and tells every node, so that they hold at once everywhere (SEC-24).</summary>
/// <remarks>
/// Runs after the commit that changed them; should the node die in between, the event of that commit runs it again. Two
/// at once end with the newer revision: the catalogue's row is locked, and an older copy gives way.
/// </remarks>
public sealed class PublishSettings(TenantDbContext tenant, IDbContextFactory<PlatformDbContext> platform, CachedOrganizationStore organizations, ClusterSignals signals, TimeProvider clock)
{
    /// <summary>Copies what stands in the schema of the current organization.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var key = tenant.Organization!.Key;
        var found = await tenant.Settings.AsNoTracking()
            .Select(settings => new { Settings = settings, Roles = tenant.Roles.Where(role => !role.IsBuiltIn).ToList() })
            .SingleAsync(cancellationToken);
        var published = new PublishedSettings
        {
            Revision = found.Settings.Revision,
            LogoUrl = found.Settings.LogoUrl,
            MfaRequiredFrom = found.Settings.MfaRequiredFrom,
            SessionIdleMinutes = found.Settings.SessionIdleMinutes,
            SessionAbsoluteMinutes = found.Settings.SessionAbsoluteMinutes,
            MinPasswordLength = found.Settings.MinPasswordLength,
            SignInMethods = found.Settings.SignInMethods,
            CustomRoles = found.Roles.ToDictionary(role => role.Name, role => role.Permissions),
        };

        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        var changed = await db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            db.ChangeTracker.Clear();
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var organization = await db.Organizations.FromSql($"SELECT * FROM platform.organizations WHERE id = {key} FOR UPDATE").SingleAsync(cancellationToken);
            var taken = organization.Publish(published, found.Settings.Name, found.Settings.AccentColor, clock.GetUtcNow());
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return taken;
        });
        if (changed)
        {
            await organizations.ForgetAsync();
            await signals.OrganizationChangedAsync(key, cancellationToken);
        }
    }
}
