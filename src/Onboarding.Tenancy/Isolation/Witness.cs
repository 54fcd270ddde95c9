using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Isolation;

/// <summary>A row that a transaction adds: if it is there afterwards, that transaction and no other has committed (FAULT-5).</summary>
/// <param name="Organization">In whose schema it is; null for one of <c>platform</c>.</param>
/// <param name="Table">As SQL names it; its key is the column <c>id</c>.</param>
/// <param name="Id">Ours, so nobody else's row has it: a UUID or a text.</param>
internal sealed record Witness(Organization? Organization, string Table, object Id)
{
    /// <summary>The best of what is about to be added, an audit line where there is one: those stay. Null when rows are only changed.</summary>
    /// <remarks>Never a row of a queue: those go as soon as they are seen to.</remarks>
    public static Witness? In(ChangeTracker changes) => changes.Entries()
        .Where(entry => entry.State == EntityState.Added && entry.Entity is not (WorkItem or PlatformEmail))
        .OrderByDescending(entry => entry.Entity is AuditEntry or PlatformAuditEntry)
        .Select(Of)
        .FirstOrDefault(witness => witness is not null);

    private static Witness? Of(EntityEntry entry)
    {
        if (entry.Metadata.FindPrimaryKey() is not { Properties: [{ Name: nameof(Id) } key] } || entry.Property(key.Name) is not { IsTemporary: false, CurrentValue: { } value })
        {
            return null;
        }

        var id = key.GetTypeMapping().Converter?.ConvertToProvider(value) ?? value;
        return id is Guid or string ? new((entry.Context as TenantDbContext)?.Organization, entry.Metadata.GetSchemaQualifiedTableName()!, id) : null;
    }
}
