using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Tenancy.Organizations;

/// <summary>Copies an organization's settings and roles into the catalogue and tells every node, so that they hold at once everywhere (SEC-24).</summary>
/// <remarks>
/// Runs after the commit that changed them; should the node die in between, the event of that commit runs it again, and tells
/// again: it cannot know how far the first came. Two at once end with the newer revision: the catalogue's row is locked, and an
/// older copy gives way. So a COMMIT in doubt is tried again, too.
/// </remarks>
public sealed class PublishSettings(TenantDbContext tenant, IDbContextFactory<PlatformDbContext> platform, CachedOrganizationStore organizations, ClusterSignals signals, TimeProvider clock)
{
    /// <summary>Copies what stands in the schema of the current organization.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var key = tenant.Organization!.Key;
        var settled = await ReadAsync(tenant, cancellationToken) ?? throw new InvalidOperationException("The organization has no settings.");
        try
        {
            await CopyAsync(key, settled, cancellationToken);
        }
        catch (CommitInDoubtException)
        {
            await CopyAsync(key, settled, cancellationToken);
        }

        await organizations.ForgetAsync();
        await signals.OrganizationChangedAsync(key, cancellationToken);
    }

    /// <summary>What stands in the schema of the current organization; null where there are no settings.</summary>
    internal static async Task<SettledSettings?> ReadAsync(TenantDbContext tenant, CancellationToken cancellationToken)
    {
        var found = await tenant.Settings.AsNoTracking()
            .Select(settings => new { Settings = settings, Roles = tenant.Roles.Where(role => !role.IsBuiltIn).ToList() })
            .SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : new(found.Settings.Name, found.Settings.AccentColor, new PublishedSettings
        {
            Revision = found.Settings.Revision,
            LogoUrl = found.Settings.LogoUrl,
            MfaRequiredFrom = found.Settings.MfaRequiredFrom,
            SessionIdleMinutes = found.Settings.SessionIdleMinutes,
            SessionAbsoluteMinutes = found.Settings.SessionAbsoluteMinutes,
            MinPasswordLength = found.Settings.MinPasswordLength,
            SignInMethods = found.Settings.SignInMethods,
            CustomRoles = found.Roles.ToDictionary(role => role.Name, role => role.Permissions),
        });
    }

    private async Task CopyAsync(Guid key, SettledSettings settled, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        await db.InTransactionAsync(
            async () =>
            {
                var organization = await db.Organizations.FromSql($"SELECT * FROM platform.organizations WHERE id = {key} FOR UPDATE").SingleAsync(cancellationToken);
                organization.Publish(settled.Published, settled.Name, settled.AccentColor, clock.GetUtcNow());
                return await db.SaveChangesAsync(cancellationToken);
            },
            cancellationToken);
    }
}

/// <summary>What an organization's settings and roles come to.</summary>
/// <param name="Name">Display name; null is that of the catalogue.</param>
/// <param name="AccentColor"><c>#rrggbb</c>; null is that of the catalogue.</param>
/// <param name="Published">The part that the catalogue holds.</param>
internal sealed record SettledSettings(string? Name, string? AccentColor, PublishedSettings Published);
