using Finbuckle.MultiTenant.Abstractions;
using Onboarding.Api.Emails;
using Onboarding.Api.Features.ApiKeys;
using Onboarding.Api.Features.Invitations;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Jobs;

/// <summary>Who cares about which event. Runs inside the transaction that marks the event as handled.</summary>
internal sealed class EventConsumers(
    InvitationEmails invitations, OpenInvitations open, MembershipEmails membership, WaitingMembersEmails waiting,
    RegistrationEmails registration, AccountEmails account, PublishSettings publish, RevokedTokens revoked, ApiKeyAccess keys, IMultiTenantContextAccessor<Organization> tenant)
{
    public Task ConsumeAsync(Guid eventId, DomainEvent happened, CancellationToken cancellationToken) => happened switch
    {
        MemberRegistered { MemberId: var member } => registration.VerificationCodeAsync(eventId, member, cancellationToken),
        MemberCodeRequested { MemberId: var member } => registration.VerificationCodeAsync(eventId, member, cancellationToken),
        MemberRegisteredAgain { MemberId: var member } => registration.AccountExistsAsync(eventId, member, cancellationToken),
        MemberApproved { MemberId: var member } => LetInAsync(eventId, member, cancellationToken),
        MemberLinkRequested { MemberId: var member } => registration.ApprovedAsync(eventId, member, cancellationToken),
        MemberSuspended { MemberId: var member } => LessenAsync(eventId, member, MembershipChange.Suspended, role: null, cancellationToken),
        MemberReactivated { MemberId: var member } => membership.ChangedAsync(eventId, member, MembershipChange.Reactivated, role: null, cancellationToken),
        MemberRoleChanged { MemberId: var member, To: var role } => LessenAsync(eventId, member, MembershipChange.RoleChanged, role, cancellationToken),
        MemberRemoved { MemberId: var member } => membership.ChangedAsync(eventId, member, MembershipChange.Removed, role: null, cancellationToken),
        WaitingMembersDue => waiting.RemindAsync(eventId, cancellationToken),
        InvitationSent sent => invitations.InvitedAsync(eventId, sent, cancellationToken),
        MemberRejected { MemberId: var member, Reason: var reason } => registration.RejectedAsync(eventId, member, reason, cancellationToken),
        MemberPasswordResetRequested { MemberId: var member } => account.ResetPasswordAsync(eventId, member, cancellationToken),
        MemberPasswordChanged changed => account.PasswordChangedAsync(eventId, changed, cancellationToken),
        MemberEmailChangeRequested { MemberId: var member } => account.ChangeEmailCodeAsync(eventId, member, cancellationToken),
        MemberEmailChanged changed => account.EmailChangedAsync(eventId, changed, cancellationToken),
        MemberMfaChanged changed => account.MfaChangedAsync(eventId, changed, cancellationToken),
        SessionStarted started => account.SignedInAsync(eventId, started, cancellationToken),

        // Usually done already, right after the commit; here again in case that node died in between (SEC-24).
        RoleEvent or OrganizationSettingsChanged => publish.RunAsync(cancellationToken),
        ApiKeyChanged or ApiKeyRotated or ApiKeyRevoked => keys.ForgetAsync(cancellationToken),
        SessionEnded ended when !revoked.ContainsSession(Organization, ended.SessionId) =>
            revoked.RevokeAsync(Organization, [ended.SessionId], cancellationToken),
        _ => Task.CompletedTask,
    };

    private async Task LetInAsync(Guid eventId, Guid member, CancellationToken cancellationToken)
    {
        await registration.ApprovedAsync(eventId, member, cancellationToken);
        await open.CloseAsync(member, cancellationToken);
    }

    // The member's keys may do less now, or nothing; as for sessions, the request itself has usually seen to that.
    private async Task LessenAsync(Guid eventId, Guid member, MembershipChange change, string? role, CancellationToken cancellationToken)
    {
        await membership.ChangedAsync(eventId, member, change, role, cancellationToken);
        if (await keys.AnyOfAsync(member, cancellationToken))
        {
            await keys.ForgetAsync(cancellationToken);
        }
    }

    private Organization Organization => tenant.MultiTenantContext.TenantInfo!;
}
