using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Invitations;

/// <summary>Finds the invitation by which somebody comes in, and closes what somebody no longer needs (ONB-10).</summary>
/// <remarks>Everything that changes an invitation locks its row first, so nothing here ever loses a race to another.</remarks>
internal sealed class OpenInvitations(TenantDbContext db, TimeProvider clock)
{
    /// <summary>The invitation with this token, locked; null when there is none. It may be closed.</summary>
    public async Task<Invitation?> LockAsync(byte[] tokenHash, CancellationToken cancellationToken) => (await db.Invitations
        .FromSql($"SELECT *, xmin FROM invitations WHERE token_hash = {tokenHash} FOR UPDATE")
        .ToListAsync(cancellationToken)).SingleOrDefault();

    /// <summary>The invitation that is good for this very address, locked; null when there is none.</summary>
    public async Task<Invitation?> LockForAsync(string email, CancellationToken cancellationToken)
    {
        var open = await LockOpenAsync(Member.Normalize(email), cancellationToken);
        return open?.StatusAt(clock.GetUtcNow()) == InvitationStatus.Open && open.IsFor(email) && await IsBackedAsync(open, cancellationToken) ? open : null;
    }

    /// <summary>
    /// Whether who sent it could still send it: somebody who was shut out, or has another role now, lets nobody in any
    /// more, least of all themselves again (ONB-8).
    /// </summary>
    public async Task<bool> IsBackedAsync(Invitation invitation, CancellationToken cancellationToken)
    {
        if (invitation.InvitedBy is not { } by)
        {
            return true;
        }

        var role = await db.Members.Where(m => m.Id == by && m.Status == MemberStatus.Active).Select(m => m.Role).SingleOrDefaultAsync(cancellationToken);
        var held = db.Organization!.PermissionsOf(role);
        return held.Contains(Permissions.InviteMembers) && db.Organization.MayGrant(held, invitation.Role);
    }

    /// <summary>Closes what is open for the address of somebody who came in another way. The caller saves.</summary>
    public async Task CloseAsync(Guid memberId, CancellationToken cancellationToken)
    {
        var email = await db.Members.Where(m => m.Id == memberId).Select(m => m.NormalizedEmail).SingleOrDefaultAsync(cancellationToken);
        if (email is not null && await LockOpenAsync(email, cancellationToken) is { } open && open.Revoke(clock.GetUtcNow()) is { } revoked)
        {
            db.Record(revoked, Actor.System, "came in by registering");
        }
    }

    private async Task<Invitation?> LockOpenAsync(string normalizedEmail, CancellationToken cancellationToken) => (await db.Invitations
        .FromSql($"SELECT *, xmin FROM invitations WHERE normalized_email = {normalizedEmail} AND accepted_at IS NULL AND revoked_at IS NULL FOR UPDATE")
        .ToListAsync(cancellationToken)).SingleOrDefault();
}
