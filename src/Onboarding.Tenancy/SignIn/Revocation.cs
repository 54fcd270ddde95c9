namespace Onboarding.Tenancy.SignIn;

/// <summary>
/// Tells every node to refuse access tokens that are still in their ten minutes (SEC-24). Lives in <c>platform</c>,
/// keeps no secret, and is dropped when the last token that it could concern has expired.
/// </summary>
public sealed class Revocation
{
    private Revocation()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>The organization whose tokens it concerns.</summary>
    public Guid OrganizationId { get; private init; }

    /// <summary>A session id (<c>sid</c>) or a member id (<c>sub</c>).</summary>
    public Guid SubjectId { get; private init; }

    /// <summary>Tokens issued at or before this instant are refused.</summary>
    public DateTimeOffset RevokedAt { get; private init; }

    /// <summary>A new one.</summary>
    public static Revocation Of(Guid organizationId, Guid subjectId, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        OrganizationId = organizationId,
        SubjectId = subjectId,
        RevokedAt = now,
    };
}
