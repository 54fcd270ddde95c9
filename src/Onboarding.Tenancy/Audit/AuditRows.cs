using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Audit;

/// <summary>What <see cref="TenantDbContext.Audit"/> does, for work that goes by batches.</summary>
internal static class AuditRows
{
    /// <summary>Adds one line of an organization's audit log to <paramref name="batch"/>.</summary>
    public static void Add(TenantBatch batch, Organization organization, AuditEntry entry) => batch.Add(
        organization,
        "INSERT INTO audit_log (id, occurred_at, action, actor_kind, actor_id, subject_id, note, ip_address, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        Sql.Value(entry.Id),
        Sql.Value(entry.OccurredAt),
        Sql.Value(entry.Action),
        Sql.Value(entry.ActorKind),
        Sql.Value(entry.ActorId),
        Sql.Value(entry.SubjectId),
        Sql.Value(entry.Note),
        Sql.Value(entry.IpAddress),
        Sql.Value(entry.RequestId));
}
