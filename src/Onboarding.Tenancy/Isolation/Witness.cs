using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Onboarding.Tenancy.Audit;

namespace Onboarding.Tenancy.Isolation;

/// <summary>A row that a transaction adds: if it is there afterwards, that transaction and no other has committed (FAULT-5).</summary>
/// <param name="Table">Of the organization's schema.</param>
/// <param name="Id">Ours, so nobody else's row has it.</param>
internal sealed record Witness(string Table, Guid Id)
{
    /// <summary>The best of what is about to be added, an audit line where there is one: those stay. Null when rows are only changed.</summary>
    public static Witness? In(ChangeTracker changes) => changes.Entries()
        .Where(entry => entry.State == EntityState.Added && entry.Metadata.GetSchema() is null)
        .OrderByDescending(entry => entry.Entity is AuditEntry)
        .Select(Of)
        .FirstOrDefault(witness => witness is not null);

    private static Witness? Of(EntityEntry entry) =>
        entry.Metadata.FindPrimaryKey() is { Properties: [var key] } && entry.Property(key.Name).CurrentValue is Guid id
            ? new(entry.Metadata.GetTableName()!, id)
            : null;
}
