using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Invitations;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Registration;

/// <summary>What is to happen to somebody, and what says so: an invitation, a rule, or neither.</summary>
internal sealed record Admitted(ApprovalAction Action, string? Role = null, Invitation? Invitation = null, ApprovalRule? Rule = null);

/// <summary>What becomes of somebody who has just proven an address: who was invited comes in, then rules decide, and everybody else waits (ONB-9, ONB-10).</summary>
internal sealed class Admission(TenantDbContext db, OpenInvitations invitations, Quotas quotas, RequestActor actor, TimeProvider clock)
{
    /// <summary>What the invitation and the rule for an address say; both stay locked until the end of a transaction.</summary>
    public async Task<Admitted> FindAsync(string email, CancellationToken cancellationToken)
    {
        if (await invitations.LockForAsync(email, cancellationToken) is { } invitation)
        {
            // Registering instead of following the link proves the address just as well, and whoever invited has decided.
            return new(ApprovalAction.Approve, invitation.Role, Invitation: invitation);
        }

        var domain = EmailDomain.Of(email) ?? "";
        var rule = (await db.ApprovalRules
            .FromSql($"SELECT * FROM approval_rules WHERE domain = {domain} FOR KEY SHARE")
            .AsNoTracking().ToListAsync(cancellationToken)).SingleOrDefault();
        return rule switch
        {
            null => new(ApprovalAction.Queue),

            // The role may do more today than when the rule was made.
            { Action: ApprovalAction.Approve, Role: { } role } when !db.Organization!.MayGiveByRule(role) => new(ApprovalAction.Queue, Rule: rule),
            _ => new(rule.Action, rule.Role, Rule: rule),
        };
    }

    /// <summary>Decides, inside the transaction that proves the address. The caller saves.</summary>
    public async Task DecideAsync(Member member, CancellationToken cancellationToken)
    {
        // Settings before invitations, as whoever invites locks them.
        var isFull = await quotas.SeatRefusalAsync(cancellationToken) is not null;
        var now = clock.GetUtcNow();
        var admitted = await FindAsync(member.Email!, cancellationToken);

        // Where no seat is left, whoever would come in waits for an admin, who hears why (ONB-11).
        if (isFull && (admitted.Invitation is not null || admitted.Action == ApprovalAction.Approve))
        {
            return;
        }

        if (admitted.Invitation is { } invitation)
        {
            db.Record(member.Approve(invitation.Role, invitation.InvitedBy, now)!, actor.ToActor(), "invited");
            db.Record(invitation.Accept(member.Id, now)!, actor.ToActor(), invitation.Role);
            return;
        }

        // Nobody decides: the product does, by what the organization has settled.
        var by = actor.ToActor() with { Kind = ActorKind.System, Id = null };
        var note = $"rule for {admitted.Rule?.Domain}";
        switch (admitted.Action)
        {
            case ApprovalAction.Approve:
                db.Record(member.Approve(admitted.Role!, by: null, now)!, by, note);
                break;
            case ApprovalAction.Refuse:
                db.Record(member.Reject(reason: null, block: false, by: null, now)!, by, note);
                break;
        }
    }
}
