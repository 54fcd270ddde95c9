using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Outbox;

/// <summary>What <see cref="TenantDbContext.Record"/> does, for work that goes by batches: audit line, event and pointer.</summary>
public static class OutboxRows
{
    private const string Insert = """
        WITH line AS (
          INSERT INTO audit_log (id, occurred_at, action, actor_kind, subject_id, note, actor_id, ip_address, request_id)
          SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::uuid[], $6::text[], $9::uuid[], $10::text[], $11::text[]))
        INSERT INTO outbox (id, type, payload, occurred_at)
        SELECT * FROM unnest($7::uuid[], $3::text[], $8::jsonb[], $2::timestamptz[])
        """;

    private const string Point = """
        INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt)
        SELECT p.id, $1, $2, p.ref_id, p.due_at, 0 FROM unnest($3::uuid[], $4::uuid[], $5::timestamptz[]) AS p (id, ref_id, due_at)
        """;

    /// <summary>Adds to <paramref name="batch"/> what these events owe.</summary>
    /// <param name="by">Who made them happen; the product itself unless said.</param>
    /// <returns>Ids of the audit lines.</returns>
    public static IReadOnlyList<Guid> Add(TenantBatch batch, Organization organization, IReadOnlyList<DomainEvent> events, Actor? by = null)
    {
        by ??= Actor.System;
        var stored = events.Select(OutboxEvent.Of).ToList();
        var lines = events.Select(e => Ids.New(e.OccurredAt)).ToList();
        batch.Add(
            organization,
            Insert,
            Sql.Column(lines, id => id),
            Sql.Column(events, e => e.OccurredAt),
            Sql.Column(events, e => e.Type),
            Sql.Column(events, _ => by.KindName),
            Sql.Column(events, e => e.SubjectId),
            Sql.Column(events, e => e.AuditNote),
            Sql.Column(stored, s => s.Id),
            Sql.Column(stored, s => s.Payload),
            Sql.Column(events, _ => by.Id),
            Sql.Column(events, _ => by.IpAddress),
            Sql.Column(events, _ => by.RequestId));
        batch.Add(
            organization,
            Point,
            Sql.Value(organization.Key),
            Sql.Value(WorkKinds.Event),
            Sql.Column(stored, s => Ids.New(s.OccurredAt)),
            Sql.Column(stored, s => s.Id),
            Sql.Column(stored, s => s.OccurredAt));
        return lines;
    }
}
