using System.Collections.Frozen;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Billing;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Webhooks.Events;

/// <summary>Every event that the product tells customers of. A domain event without an entry here fails a test (HOOK-23).</summary>
public static class EventCatalogue
{
    private static readonly DateTimeOffset Then = new(2026, 3, 14, 9, 26, 53, TimeSpan.Zero);
    private static readonly Guid Member = new("01990000-0000-7000-8000-000000000001");
    private static readonly Guid Other = new("01990000-0000-7000-8000-000000000002");
    private static readonly Guid Third = new("01990000-0000-7000-8000-000000000003");
    private const string Url = "https://example.com/hooks";

    /// <summary>All of them, in the order of their names.</summary>
    public static IReadOnlyList<EventType> All { get; } =
    [
        .. new[]
        {
            EventType.Of("Somebody asked to become a member; the address is not proven yet.", new MemberRegistered(Member, Then) { Member = Ada(MemberStatus.PendingVerification, role: null) }),
            EventType.Of("Somebody who registered asked for another code.", new MemberCodeRequested(Member, Then) { Member = Ada(MemberStatus.PendingVerification, role: null) }),
            EventType.Of("Somebody registered with the address of a member.", new MemberRegisteredAgain(Member, Then) { Member = Ada() }),
            EventType.Of("The address is proven; the member waits to be approved or rejected.", new MemberVerified(Member, Then) { Member = Ada(MemberStatus.PendingApproval, role: null) }),
            EventType.Of("The member was let in and is asked to set a password.", new MemberApproved(Member, Roles.User, Then) { Member = Ada(MemberStatus.Approved) }),
            EventType.Of("The member gets another link to set a password.", new MemberLinkRequested(Member, Then) { Member = Ada(MemberStatus.Approved) }),
            EventType.Of("The member was turned down.", new MemberRejected(Member, "We do not know you.", Blocked: false, Then) { Member = Ada(MemberStatus.Rejected, role: null) }),
            EventType.Of("The member set a password and can sign in.", new MemberActivated(Member, Then) { Member = Ada() }),
            EventType.Of("The member was suspended and is signed out.", new MemberSuspended(Member, "On leave.", Then) { Member = Ada(MemberStatus.Suspended) }),
            EventType.Of("The member may sign in again.", new MemberReactivated(Member, Then) { Member = Ada() }),
            EventType.Of("The member has another role.", new MemberRoleChanged(Member, Roles.User, Roles.Admin, Then) { Member = Ada(role: Roles.Admin) }),
            EventType.Of("The member changed the own profile.", new MemberProfileChanged(Member, Then) { Member = Ada() }),
            EventType.Of("The member was removed.", new MemberRemoved(Member, "Left.", Then) { Member = Ada(MemberStatus.Removed, role: null) }),
            EventType.Of("The member asked to reset the password.", new MemberPasswordResetRequested(Member, Then) { Member = Ada() }),
            EventType.Of("The member has another password.", new MemberPasswordChanged(Member, Reset: true, Then) { Member = Ada() }),
            EventType.Of("The member asked for another address.", new MemberEmailChangeRequested(Member, Then) { Member = Ada() }),
            EventType.Of("The member has another address.", new MemberEmailChanged(Member, "ada@old.example", "ada@example.com", Then) { Member = Ada() }),
            EventType.Of("The member's second factors changed.", new MemberMfaChanged(Member, MfaChange.TotpEnabled, Then) { Member = Ada() }),
            EventType.Of("People have waited for a day or longer to be approved.", new WaitingMembersDue(Then)),
            EventType.Of("A person was invited, for the first time or again.", new InvitationSent(Other, Then)),
            EventType.Of("An invitation was taken back.", new InvitationRevoked(Other, Then)),
            EventType.Of("An invited person came in.", new InvitationAccepted(Other, Member, Then)),
            EventType.Of("A rule about an e-mail domain was added.", new ApprovalRuleAdded(Other, "example.com", ApprovalAction.Approve, Roles.User, Then)),
            EventType.Of("A rule about an e-mail domain was removed.", new ApprovalRuleRemoved(Other, "example.com", Then)),
            EventType.Of("A role was defined.", new RoleDefined("recruiter", [Permissions.ApproveMembers], Then)),
            EventType.Of("A role has other permissions.", new RoleChanged("recruiter", [Permissions.ApproveMembers, Permissions.ReadMembers], Then)),
            EventType.Of("A role was deleted.", new RoleDeleted("recruiter", Then)),
            EventType.Of("The organization's settings changed.", new OrganizationSettingsChanged(["name"], Then)),
            EventType.Of("Somebody who runs the platform acts inside the organization.", new OrganizationEntered(Other, "root", "Ticket 4711: approvals seem stuck.", Write: false, Then.AddMinutes(30), Then)),
            EventType.Of("Somebody who runs the platform took a copy of everything that the organization owns.", new OrganizationExported("root", "They move to another installation.", Then)),
            EventType.Of("The organization wants a domain of its own.", new OrganizationDomainAdded(Other, "app.example.com", Then)),
            EventType.Of("The organization has shown that a domain is its own; it is a host of it from now on.", new OrganizationDomainVerified(Other, "app.example.com", Then)),
            EventType.Of("The record of a domain has been missing for too long; it is a host of the organization no more.", new OrganizationDomainLapsed(Other, "app.example.com", Then)),
            EventType.Of("A domain of the organization was removed.", new OrganizationDomainRemoved(Other, "app.example.com", Then)),
            EventType.Of("The organization has another plan.", new OrganizationPlanChanged("free", "premium", Then)),
            EventType.Of("The subscription began, changed or ended.", new SubscriptionUpdated(Other, "active", "premium", Quantity: 12, Then.AddMonths(1), CancelAt: null, Then)),
            EventType.Of("An invoice was paid.", new InvoicePaid(Other, "ACME-0001", AmountPaid: 22800, "eur", Then)),
            EventType.Of("A payment of an invoice failed.", new InvoicePaymentFailed(Other, "ACME-0002", AmountDue: 22800, "eur", Attempts: 1, Then)),
            EventType.Of("A member signed in.", new SessionStarted(Member, Other, Then) { Member = Ada() }),
            EventType.Of("A member's session ended before its time.", new SessionEnded(Member, Other, "logout", Then) { Member = Ada() }),
            EventType.Of("A refresh token was used twice, and its session was ended.", new RefreshTokenReused(Member, Other, Then) { Member = Ada() }),
            EventType.Of("An API key was created.", new ApiKeyCreated(Other, "CI", Member, [Permissions.ApproveMembers], Then)),
            EventType.Of("An API key's settings changed.", new ApiKeyChanged(Other, "CI", [Permissions.ApproveMembers], Then)),
            EventType.Of("An API key got another secret.", new ApiKeyRotated(Other, "CI", Then.AddDays(1), Then)),
            EventType.Of("An API key was revoked.", new ApiKeyRevoked(Other, "CI", Then)),
            EventType.Of("A webhook endpoint was added.", new EndpointCreated(Other, Url, Then)),
            EventType.Of("A webhook endpoint's settings changed.", new EndpointChanged(Other, Url, Then)),
            EventType.Of("A webhook endpoint was deleted.", new EndpointDeleted(Other, Url, Then)),
            EventType.Of("A webhook endpoint got another secret.", new EndpointSecretRotated(Other, Then)),
            EventType.Of("A webhook endpoint was disabled: by hand, because it answered 410, or because it only failed for days.", new EndpointDisabled(Other, Url, WebhookDisabledReason.Failing, Then)),
            EventType.Of("A webhook endpoint receives again.", new EndpointEnabled(Other, Url, Then)),
            EventType.Of("A webhook endpoint that had failed again and again has taken a delivery.", new EndpointRecovered(Other, Url, Then)),
            EventType.Of("What a webhook endpoint has missed is sent again.", new EndpointRecoveryStarted(Other, Then.AddHours(-2), Deliveries: 17, Then)),
            EventType.Of("An example, sent on request.", new EndpointTested(Other, Then)),
            EventType.Of("Every attempt to deliver a message failed.", new DeliveryExhausted(Other, Third, Member, Then)),
            EventType.Of("A message was sent on its way again by hand.", new DeliveryResent(Other, Third, Then)),
            EventType.Of("A message was skipped by hand.", new DeliverySkipped(Other, Third, Then)),
        }.OrderBy(type => type.Name, StringComparer.Ordinal),
    ];

    private static readonly FrozenDictionary<string, EventType> ByName = All.ToFrozenDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>The type of this name; null when there is none.</summary>
    public static EventType? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Whether <paramref name="pattern"/> is a type, a group such as <c>member.*</c>, or <c>*</c>, and means at least one type.</summary>
    public static bool Knows(string pattern) => Matching(pattern).Any();

    /// <summary>What it takes to hear of all that <paramref name="patterns"/> mean; every permission there is when one of them is unknown.</summary>
    public static IReadOnlySet<string> PermissionsFor(IEnumerable<string> patterns) => patterns
        .SelectMany(pattern => Knows(pattern) ? Matching(pattern).Select(type => type.Permission) : Permissions.All)
        .ToFrozenSet(StringComparer.Ordinal);

    private static IEnumerable<EventType> Matching(string pattern) =>
        pattern == "*" ? All
        : pattern.EndsWith(".*", StringComparison.Ordinal) ? All.Where(type => type.Name.StartsWith(pattern[..^1], StringComparison.Ordinal))
        : Find(pattern) is { } one ? [one]
        : [];

    private static MemberSnapshot Ada(MemberStatus status = MemberStatus.Active, string? role = Roles.User) =>
        new(Member, "ada", "ada@example.com", "Ada Lovelace", role, status);
}
