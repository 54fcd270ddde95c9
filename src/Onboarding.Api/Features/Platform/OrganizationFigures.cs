using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="Members">How many have a seat.</param>
/// <param name="Waiting">How many wait to be let in.</param>
/// <param name="LastActivityAt">When a member or a machine last did something that the audit log tells of.</param>
public sealed record FiguresResponse(long Members, long Waiting, DateTimeOffset? LastActivityAt);

/// <summary>What is counted inside organizations' schemas, for a page of them in one round trip.</summary>
internal sealed class OrganizationFigures(TenantSurvey survey)
{
    private const string Count = """
        SELECT count(*) FILTER (WHERE status IN ('approved', 'active')), count(*) FILTER (WHERE status = 'pending_approval'),
          (SELECT occurred_at FROM audit_log WHERE actor_kind IN ('member', 'api_key') AND occurred_at >= '1970-01-01 00:00:00+00' AND occurred_at < '10000-01-01 00:00:00+00' ORDER BY id DESC LIMIT 1)
        FROM members WHERE status IN ('approved', 'active', 'pending_approval')
        """;

    /// <summary>By organization id; without an entry for those that have no schema yet, or one that cannot be read just now.</summary>
    public Task<IReadOnlyDictionary<Guid, FiguresResponse>> OfAsync(IEnumerable<Organization> organizations, CancellationToken cancellationToken) => survey.AskAsync(
        organizations.Where(o => o.Status is OrganizationStatus.Active or OrganizationStatus.Suspended),
        Count,
        row => new FiguresResponse(row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetFieldValue<DateTimeOffset>(2)),
        cancellationToken);
}
