using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Emails;

/// <summary>What an admin did to somebody's membership. Stored by name in mails that wait, so names stay.</summary>
public enum MembershipChange
{
    Suspended,
    Reactivated,
    RoleChanged,
    Removed,
}

/// <summary>The mails by which members hear what an admin did to their membership.</summary>
internal sealed class MembershipEmails(EmailQueue queue)
{
    /// <param name="role">The new role, where it changed.</param>
    public async Task ChangedAsync(Guid eventId, Guid memberId, MembershipChange change, string? role, CancellationToken cancellationToken)
    {
        // Somebody without a password yet has only the mail with the link, which says all there is to say.
        if (await queue.FindAsync(memberId, cancellationToken) is not { } member || (change == MembershipChange.RoleChanged && member.Status != MemberStatus.Active))
        {
            return;
        }

        queue.Add(eventId, member, "membership_changed", expiresAt: null, new MembershipEmail
        {
            FullName = member.FullName,
            Change = change,
            Role = role,
            SignInUrl = change is MembershipChange.Reactivated or MembershipChange.RoleChanged ? new Uri(queue.Url) : null,
        });
    }
}
