using Onboarding.Api.Features.Invitations;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Registration;

/// <summary>What becomes of somebody who has just proven an address: who was invited comes in, everybody else waits (ONB-10).</summary>
internal sealed class Admission(TenantDbContext db, OpenInvitations invitations, RequestActor actor, TimeProvider clock)
{
    /// <summary>Decides, inside the transaction that proves the address. The caller saves.</summary>
    public async Task DecideAsync(Member member, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (await invitations.LockForAsync(member.Email!, cancellationToken) is { } invitation)
        {
            // Registering instead of following the link proves the address just as well, and whoever invited has decided.
            db.Record(member.Approve(invitation.Role, invitation.InvitedBy, now)!, actor.ToActor(), "invited");
            db.Record(invitation.Accept(member.Id, now)!, actor.ToActor(), invitation.Role);
        }
    }
}
