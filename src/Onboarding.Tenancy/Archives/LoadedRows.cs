using System.Data.Common;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Archives;

/// <summary>Reads what was loaded as the product will, before it is committed: PostgreSQL keeps texts that nobody here could read, such as a status that there is not.</summary>
internal static class LoadedRows
{
    // Numbers go to clients as JSON, where larger ones are not exact; and nobody counts from there to the last one.
    private const long Most = 1L << 53;

    private static readonly MethodInfo Reading = typeof(LoadedRows).GetMethod(nameof(ReadAsync), BindingFlags.NonPublic | BindingFlags.Static)!;

    /// <summary>Reads every row of the schema that is searched, and says what its settings and roles come to.</summary>
    /// <exception cref="ArchiveRefusedException">A row cannot be read, or one is missing that every organization has.</exception>
    public static async Task<SettledSettings> RequireAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var db = new TenantDbContext(new DbContextOptionsBuilder<TenantDbContext>().UseNpgsql(transaction.Connection!).Options);
        await db.Database.UseTransactionAsync(transaction, cancellationToken);
        foreach (var entity in db.Model.GetEntityTypes().Where(IsOfOrganization))
        {
            await RequireAsync(db, entity, cancellationToken);
        }

        var roles = await db.Roles.Where(role => role.IsBuiltIn).Select(role => role.Name).ToListAsync(cancellationToken);
        if (!Roles.BuiltIn.Keys.All(roles.Contains) || await PublishSettings.ReadAsync(db, cancellationToken) is not { } settled)
        {
            throw new ArchiveRefusedException("Table roles or table settings of the archive lacks a row that every organization has.");
        }

        // A gap stays one: it proves that something was taken from the source.
        if (await db.Set<AuditSeal>().AnyAsync(seal => seal.Lane < 0 || seal.Lane >= AuditSealing.Lanes || seal.Sequence < 1 || seal.Sequence > Most, cancellationToken))
        {
            throw new ArchiveRefusedException("Table audit_seals of the archive has a seal of no chain.");
        }

        return Refusal(settled) is { } what ? throw new ArchiveRefusedException($"Table settings of the archive has {what}.") : settled;
    }

    // Its admins could not have settled that.
    private static string? Refusal(SettledSettings settled) =>
        settled.Name is { } name && !ArchiveManifest.IsPlain(name, 200) ? "a name that would not do"
        : settled.AccentColor is { } color && !ArchivedOrganization.IsColor(color) ? "a colour that is none"
        : settled.Published.LogoUrl is { } logo && !OrganizationSettings.IsLogo(logo) ? "a logo that is none"
        : settled.Published.Revision is < 0 or > Most ? "a revision that counts nothing"
        : settled.Published is { SessionIdleMinutes: < OrganizationSettings.LeastMinutes or > OrganizationSettings.MostIdleMinutes }
            or { SessionAbsoluteMinutes: < OrganizationSettings.LeastMinutes or > OrganizationSettings.MostAbsoluteMinutes }
            or { MinPasswordLength: < OrganizationSettings.LeastPasswordLength or > OrganizationSettings.MostPasswordLength } ? "a limit that there is not"
        : null;

    // What is in "platform" is not the organization's. A line of the log can always be read: all of it is text, but for its
    // time, and of that the product shows what can be shown.
    private static bool IsOfOrganization(IEntityType entity) =>
        entity.GetTableName() is not null && entity.GetSchema() is null && entity.FindPrimaryKey() is not null && !entity.IsOwned() && entity.ClrType != typeof(AuditEntry);

    private static async Task RequireAsync(TenantDbContext db, IEntityType entity, CancellationToken cancellationToken)
    {
        try
        {
            await (Task)Reading.MakeGenericMethod(entity.ClrType).Invoke(null, [db, cancellationToken])!;
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or DbException or IOException))
        {
            throw new ArchiveRefusedException($"Table {entity.GetTableName()} of the archive has a row that this version of the product cannot read.", exception);
        }
    }

    private static async Task ReadAsync<T>(TenantDbContext db, CancellationToken cancellationToken)
        where T : class
    {
        await foreach (var row in db.Set<T>().AsNoTracking().AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            // That it can be read is all that is asked.
            _ = row;
        }
    }
}
