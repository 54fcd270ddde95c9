using System.Text.Json.Serialization;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Billing;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Tenancy.Outbox;

/// <summary>Something that happened in an organization. It is stored in the transaction that made it happen.</summary>
/// <param name="OccurredAt">When it happened.</param>
/// <remarks>An event never carries a secret: codes and links are made when the mail that carries them is composed (SEC-9).</remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(MemberRegistered), MemberRegistered.Name)]
[JsonDerivedType(typeof(MemberCodeRequested), MemberCodeRequested.Name)]
[JsonDerivedType(typeof(MemberRegisteredAgain), MemberRegisteredAgain.Name)]
[JsonDerivedType(typeof(MemberVerified), MemberVerified.Name)]
[JsonDerivedType(typeof(MemberApproved), MemberApproved.Name)]
[JsonDerivedType(typeof(MemberLinkRequested), MemberLinkRequested.Name)]
[JsonDerivedType(typeof(MemberRejected), MemberRejected.Name)]
[JsonDerivedType(typeof(MemberActivated), MemberActivated.Name)]
[JsonDerivedType(typeof(MemberSuspended), MemberSuspended.Name)]
[JsonDerivedType(typeof(MemberReactivated), MemberReactivated.Name)]
[JsonDerivedType(typeof(MemberRoleChanged), MemberRoleChanged.Name)]
[JsonDerivedType(typeof(MemberProfileChanged), MemberProfileChanged.Name)]
[JsonDerivedType(typeof(MemberRemoved), MemberRemoved.Name)]
[JsonDerivedType(typeof(MemberPasswordResetRequested), MemberPasswordResetRequested.Name)]
[JsonDerivedType(typeof(MemberPasswordChanged), MemberPasswordChanged.Name)]
[JsonDerivedType(typeof(MemberEmailChangeRequested), MemberEmailChangeRequested.Name)]
[JsonDerivedType(typeof(MemberEmailChanged), MemberEmailChanged.Name)]
[JsonDerivedType(typeof(MemberMfaChanged), MemberMfaChanged.Name)]
[JsonDerivedType(typeof(WaitingMembersDue), WaitingMembersDue.Name)]
[JsonDerivedType(typeof(InvitationSent), InvitationSent.Name)]
[JsonDerivedType(typeof(InvitationRevoked), InvitationRevoked.Name)]
[JsonDerivedType(typeof(InvitationAccepted), InvitationAccepted.Name)]
[JsonDerivedType(typeof(ApprovalRuleAdded), ApprovalRuleAdded.Name)]
[JsonDerivedType(typeof(ApprovalRuleRemoved), ApprovalRuleRemoved.Name)]
[JsonDerivedType(typeof(RoleDefined), RoleDefined.Name)]
[JsonDerivedType(typeof(RoleChanged), RoleChanged.Name)]
[JsonDerivedType(typeof(RoleDeleted), RoleDeleted.Name)]
[JsonDerivedType(typeof(OrganizationSettingsChanged), OrganizationSettingsChanged.Name)]
[JsonDerivedType(typeof(OrganizationEntered), OrganizationEntered.Name)]
[JsonDerivedType(typeof(OrganizationExported), OrganizationExported.Name)]
[JsonDerivedType(typeof(OrganizationDomainAdded), OrganizationDomainAdded.Name)]
[JsonDerivedType(typeof(OrganizationDomainVerified), OrganizationDomainVerified.Name)]
[JsonDerivedType(typeof(OrganizationDomainLapsed), OrganizationDomainLapsed.Name)]
[JsonDerivedType(typeof(OrganizationDomainRemoved), OrganizationDomainRemoved.Name)]
[JsonDerivedType(typeof(OrganizationPlanChanged), OrganizationPlanChanged.Name)]
[JsonDerivedType(typeof(SubscriptionUpdated), SubscriptionUpdated.Name)]
[JsonDerivedType(typeof(InvoicePaid), InvoicePaid.Name)]
[JsonDerivedType(typeof(InvoicePaymentFailed), InvoicePaymentFailed.Name)]
[JsonDerivedType(typeof(ApiKeyCreated), ApiKeyCreated.Name)]
[JsonDerivedType(typeof(ApiKeyChanged), ApiKeyChanged.Name)]
[JsonDerivedType(typeof(ApiKeyRotated), ApiKeyRotated.Name)]
[JsonDerivedType(typeof(ApiKeyRevoked), ApiKeyRevoked.Name)]
[JsonDerivedType(typeof(SessionStarted), SessionStarted.Name)]
[JsonDerivedType(typeof(SessionEnded), SessionEnded.Name)]
[JsonDerivedType(typeof(RefreshTokenReused), RefreshTokenReused.Name)]
[JsonDerivedType(typeof(EndpointCreated), EndpointCreated.Name)]
[JsonDerivedType(typeof(EndpointChanged), EndpointChanged.Name)]
[JsonDerivedType(typeof(EndpointDeleted), EndpointDeleted.Name)]
[JsonDerivedType(typeof(EndpointSecretRotated), EndpointSecretRotated.Name)]
[JsonDerivedType(typeof(EndpointDisabled), EndpointDisabled.Name)]
[JsonDerivedType(typeof(EndpointEnabled), EndpointEnabled.Name)]
[JsonDerivedType(typeof(EndpointRecovered), EndpointRecovered.Name)]
[JsonDerivedType(typeof(EndpointRecoveryStarted), EndpointRecoveryStarted.Name)]
[JsonDerivedType(typeof(EndpointTested), EndpointTested.Name)]
[JsonDerivedType(typeof(DeliveryExhausted), DeliveryExhausted.Name)]
[JsonDerivedType(typeof(DeliveryResent), DeliveryResent.Name)]
[JsonDerivedType(typeof(DeliverySkipped), DeliverySkipped.Name)]
public abstract record DomainEvent(DateTimeOffset OccurredAt)
{
    /// <summary>Its type as the audit log, the outbox and webhooks name it, such as <c>member.approved</c>.</summary>
    [JsonIgnore]
    public abstract string Type { get; }

    /// <summary>Id of what it is about: a member, an invitation, a rule, a key; null for what has none.</summary>
    [JsonIgnore]
    public abstract Guid? SubjectId { get; }

    /// <summary>What its audit line says when whoever did it gave no note; never a secret.</summary>
    [JsonIgnore]
    public virtual string? AuditNote => null;
}
