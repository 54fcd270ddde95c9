using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Emails;

/// <summary>The mails about an account that exists: what opens it again, and what its owner has to hear of.</summary>
internal sealed class AccountEmails(EmailQueue queue)
{
    public async Task PasswordChangedAsync(Guid eventId, MemberPasswordChanged changed, CancellationToken cancellationToken)
    {
        if (await queue.FindAsync(changed.MemberId, cancellationToken) is { } member)
        {
            queue.Add(eventId, member, "password_changed", expiresAt: null, new PasswordChangedEmail
            {
                FullName = member.FullName,
                Reset = changed.Reset,
                ChangedAt = changed.OccurredAt,
            });
        }
    }
}
