using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Organizations;

/// <summary>An event about a host of the organization's own.</summary>
/// <param name="DomainId">The entry.</param>
/// <param name="Domain">The host.</param>
/// <param name="OccurredAt">When it happened.</param>
public abstract record OrganizationDomainEvent(Guid DomainId, string Domain, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    /// <inheritdoc/>
    public override Guid? SubjectId => DomainId;

    /// <inheritdoc/>
    public override string? AuditNote => Domain;
}

/// <summary>The organization wants a domain.</summary>
public sealed record OrganizationDomainAdded(Guid DomainId, string Domain, DateTimeOffset OccurredAt) : OrganizationDomainEvent(DomainId, Domain, OccurredAt)
{
    internal const string Name = "organization.domain_added";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>The organization has shown that it is its own.</summary>
public sealed record OrganizationDomainVerified(Guid DomainId, string Domain, DateTimeOffset OccurredAt) : OrganizationDomainEvent(DomainId, Domain, OccurredAt)
{
    internal const string Name = "organization.domain_verified";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>Its record has been missing for too long.</summary>
public sealed record OrganizationDomainLapsed(Guid DomainId, string Domain, DateTimeOffset OccurredAt) : OrganizationDomainEvent(DomainId, Domain, OccurredAt)
{
    internal const string Name = "organization.domain_lapsed";

    /// <inheritdoc/>
    public override string Type => Name;
}

/// <summary>The organization does not want it any more.</summary>
public sealed record OrganizationDomainRemoved(Guid DomainId, string Domain, DateTimeOffset OccurredAt) : OrganizationDomainEvent(DomainId, Domain, OccurredAt)
{
    internal const string Name = "organization.domain_removed";

    /// <inheritdoc/>
    public override string Type => Name;
}
