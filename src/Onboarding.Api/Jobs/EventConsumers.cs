using Finbuckle.MultiTenant.Abstractions;
using Onboarding.Api.Emails;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Jobs;

/// <summary>Who cares about which event. Runs inside the transaction that marks the event as handled.</summary>
internal sealed class EventConsumers(ComposeEmail compose, RevokedTokens revoked, IMultiTenantContextAccessor<Organization> tenant)
{
    public Task ConsumeAsync(Guid eventId, DomainEvent happened, CancellationToken cancellationToken) => happened switch
    {
        MemberRegistered or MemberCodeRequested => compose.VerificationCodeAsync(eventId, happened.SubjectId, cancellationToken),
        MemberRegisteredAgain => compose.AccountExistsAsync(eventId, happened.SubjectId, cancellationToken),
        MemberApproved or MemberLinkRequested => compose.ApprovedAsync(eventId, happened.SubjectId, cancellationToken),
        MemberRejected rejected => compose.RejectedAsync(eventId, happened.SubjectId, rejected.Reason, cancellationToken),

        // Usually done already, right after the commit; here again in case that node died in between (SEC-24).
        SessionEnded ended when !revoked.ContainsSession(Organization, ended.SessionId) =>
            revoked.RevokeAsync(Organization, [ended.SessionId], cancellationToken),
        _ => Task.CompletedTask,
    };

    private Organization Organization => tenant.MultiTenantContext.TenantInfo!;
}
