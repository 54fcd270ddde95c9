using Onboarding.Tenancy.SignIn;

namespace Onboarding.Tenancy.Organizations;

/// <summary>A host of its own that an organization wants, and has once a TXT record has shown that the domain is its.</summary>
/// <remarks>Any number of organizations may want one; one has it.</remarks>
public sealed class CustomDomain
{
    /// <summary>How long the record may be missing before the domain is the organization's no more: it may have changed hands.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(7);

    /// <summary>Label in front of the domain at which the record is looked for.</summary>
    public const string RecordLabel = "_onboarding";

    /// <summary>What the record says in front of the token.</summary>
    public const string RecordPrefix = "onboarding-verification=";

    private CustomDomain()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Whose it is, or is to be.</summary>
    public Guid OrganizationId { get; private init; }

    /// <summary>Lower case, in ASCII (RFC 5891), without a dot at the end.</summary>
    public string Domain { get; private init; } = "";

    /// <summary>What the record has to say. No secret: everybody can read it in the DNS.</summary>
    public string Token { get; private init; } = "";

    /// <summary>When the organization asked for it.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When the record was found; null while it is not the organization's.</summary>
    public DateTimeOffset? VerifiedAt { get; private set; }

    /// <summary>When the record was last looked for.</summary>
    public DateTimeOffset? CheckedAt { get; private set; }

    /// <summary>Since when the record of a verified domain has been missing.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    /// <summary>Name of the record.</summary>
    public string RecordName => $"{RecordLabel}.{Domain}";

    /// <summary>Value of the record.</summary>
    public string RecordValue => RecordPrefix + Token;

    /// <summary>A domain that an organization wants.</summary>
    public static CustomDomain Claim(Guid organizationId, string domain, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        OrganizationId = organizationId,
        Domain = domain,
        Token = OpaqueToken.New(""),
        CreatedAt = now,
    };
}
