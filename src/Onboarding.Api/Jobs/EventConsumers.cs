using System.Collections.Frozen;
using Finbuckle.MultiTenant.Abstractions;
using Onboarding.Api.Emails;
using Onboarding.Api.Features.ApiKeys;
using Onboarding.Api.Features.Invitations;
using Onboarding.Api.SignIn;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Jobs;

/// <summary>Who cares about which event. Runs inside the transaction that marks the event as handled.</summary>
internal sealed class EventConsumers(
    IServiceProvider services, RegistrationEmails registration, MembershipEmails membership, OpenInvitations open, RevokedTokens revoked, ApiKeyAccess keys,
    SyncRequests billing, IMultiTenantContextAccessor<Organization> tenant)
{
    private static readonly FrozenDictionary<Type, Consumer> Consumers = new Dictionary<Type, Consumer>(
    [
        On<MemberRegistered, RegistrationEmails>((mails, id, e, cancellation) => mails.VerificationCodeAsync(id, e.MemberId, cancellation)),
        On<MemberCodeRequested, RegistrationEmails>((mails, id, e, cancellation) => mails.VerificationCodeAsync(id, e.MemberId, cancellation)),
        On<MemberRegisteredAgain, RegistrationEmails>((mails, id, e, cancellation) => mails.AccountExistsAsync(id, e.MemberId, cancellation)),
        On<MemberApproved, EventConsumers>((my, id, e, cancellation) => my.LetInAsync(id, e.MemberId, cancellation)),
        On<MemberLinkRequested, RegistrationEmails>((mails, id, e, cancellation) => mails.ApprovedAsync(id, e.MemberId, cancellation)),
        On<MemberRejected, RegistrationEmails>((mails, id, e, cancellation) => mails.RejectedAsync(id, e.MemberId, e.Reason, cancellation)),
        On<MemberSuspended, EventConsumers>((my, id, e, cancellation) => my.LessenAsync(id, e.MemberId, MembershipChange.Suspended, role: null, cancellation)),
        On<MemberReactivated, EventConsumers>((my, id, e, cancellation) => my.SeatAsync(id, e.MemberId, MembershipChange.Reactivated, cancellation)),
        On<MemberRoleChanged, EventConsumers>((my, id, e, cancellation) => my.LessenAsync(id, e.MemberId, MembershipChange.RoleChanged, e.To, cancellation)),
        On<MemberRemoved, EventConsumers>((my, id, e, cancellation) => my.SeatAsync(id, e.MemberId, MembershipChange.Removed, cancellation)),
        On<MemberActivated, EventConsumers>((my, _, _, cancellation) => my.PayForSeatsAsync(cancellation)),
        On<WaitingMembersDue, WaitingMembersEmails>((mails, id, _, cancellation) => mails.RemindAsync(id, cancellation)),
        On<InvitationSent, InvitationEmails>((mails, id, e, cancellation) => mails.InvitedAsync(id, e, cancellation)),
        On<MemberPasswordResetRequested, AccountEmails>((mails, id, e, cancellation) => mails.ResetPasswordAsync(id, e.MemberId, cancellation)),
        On<MemberPasswordChanged, AccountEmails>((mails, id, e, cancellation) => mails.PasswordChangedAsync(id, e, cancellation)),
        On<MemberEmailChangeRequested, AccountEmails>((mails, id, e, cancellation) => mails.ChangeEmailCodeAsync(id, e.MemberId, cancellation)),
        On<MemberEmailChanged, AccountEmails>((mails, id, e, cancellation) => mails.EmailChangedAsync(id, e, cancellation)),
        On<MemberMfaChanged, AccountEmails>((mails, id, e, cancellation) => mails.MfaChangedAsync(id, e, cancellation)),
        On<EndpointDisabled, WebhookEmails>((mails, id, e, cancellation) => mails.DisabledAsync(id, e, cancellation)),
        On<OrganizationEntered, SuperAdminEmails>((mails, id, e, cancellation) => mails.EnteredAsync(id, e, cancellation)),
        On<OrganizationExported, SuperAdminEmails>((mails, id, e, cancellation) => mails.ExportedAsync(id, e, cancellation)),
        On<SessionStarted, AccountEmails>((mails, id, e, cancellation) => mails.SignedInAsync(id, e, cancellation)),

        // Usually done already, right after the commit; here again in case that node died in between (SEC-24).
        On<RoleDefined, PublishSettings>((publish, _, _, cancellation) => publish.RunAsync(cancellation)),
        On<RoleChanged, PublishSettings>((publish, _, _, cancellation) => publish.RunAsync(cancellation)),
        On<RoleDeleted, PublishSettings>((publish, _, _, cancellation) => publish.RunAsync(cancellation)),
        On<OrganizationSettingsChanged, PublishSettings>((publish, _, _, cancellation) => publish.RunAsync(cancellation)),
        On<ApiKeyChanged, ApiKeyAccess>((keys, _, _, cancellation) => keys.ForgetAsync(cancellation)),
        On<ApiKeyRotated, ApiKeyAccess>((keys, _, _, cancellation) => keys.ForgetAsync(cancellation)),
        On<ApiKeyRevoked, ApiKeyAccess>((keys, _, _, cancellation) => keys.ForgetAsync(cancellation)),
        On<SessionEnded, EventConsumers>((my, _, e, cancellation) => my.EndAsync(e.SessionId, cancellation)),
    ]).ToFrozenDictionary();

    private delegate Task Consumer(IServiceProvider services, Guid eventId, DomainEvent happened, CancellationToken cancellationToken);

    /// <summary>Whether anybody here waits for such an event.</summary>
    public static bool Await(DomainEvent happened) => Consumers.ContainsKey(happened.GetType());

    public Task ConsumeAsync(Guid eventId, DomainEvent happened, CancellationToken cancellationToken) =>
        Consumers.TryGetValue(happened.GetType(), out var consumer) ? consumer(services, eventId, happened, cancellationToken) : Task.CompletedTask;

    private static KeyValuePair<Type, Consumer> On<TEvent, TConsumer>(Func<TConsumer, Guid, TEvent, CancellationToken, Task> consume)
        where TEvent : DomainEvent
        where TConsumer : notnull =>
        new(typeof(TEvent), (services, eventId, happened, cancellationToken) =>
            consume(services.GetRequiredService<TConsumer>(), eventId, (TEvent)happened, cancellationToken));

    private Task EndAsync(Guid session, CancellationToken cancellationToken) =>
        revoked.ContainsSession(Organization, session) ? Task.CompletedTask : revoked.RevokeAsync(Organization, [session], cancellationToken);

    private async Task LetInAsync(Guid eventId, Guid member, CancellationToken cancellationToken)
    {
        await registration.ApprovedAsync(eventId, member, cancellationToken);
        await open.CloseAsync(member, cancellationToken);
        await PayForSeatsAsync(cancellationToken);
    }

    private async Task SeatAsync(Guid eventId, Guid member, MembershipChange change, CancellationToken cancellationToken)
    {
        await membership.ChangedAsync(eventId, member, change, role: null, cancellationToken);
        await PayForSeatsAsync(cancellationToken);
    }

    // As many seats are paid for as are taken: the fetch sees to it. Whoever pays nothing is nobody's customer, and not asked about.
    private Task PayForSeatsAsync(CancellationToken cancellationToken) => billing.OfOrganizationAsync(Organization.Key, cancellationToken);

    // The member's keys may do less now, or nothing; as for sessions, the request itself has usually seen to that.
    private async Task LessenAsync(Guid eventId, Guid member, MembershipChange change, string? role, CancellationToken cancellationToken)
    {
        await membership.ChangedAsync(eventId, member, change, role, cancellationToken);
        if (await keys.AnyOfAsync(member, cancellationToken))
        {
            await keys.ForgetAsync(cancellationToken);
        }

        if (change == MembershipChange.Suspended)
        {
            await PayForSeatsAsync(cancellationToken);
        }
    }

    private Organization Organization => tenant.MultiTenantContext.TenantInfo!;
}
