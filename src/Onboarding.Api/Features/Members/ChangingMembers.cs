using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Members;

/// <summary>How every change to a member runs: locked, guarded, recorded, and its sessions ended where it takes rights away.</summary>
internal sealed class ChangingMembers(TenantDbContext db, SecondFactors factors, SessionEnding ending, RequestActor actor)
{
    /// <param name="change">Changes the member; null when its state does not allow that.</param>
    /// <param name="endSessions">Why its sessions end with the change; null when they live on.</param>
    /// <param name="alongside">What else goes with the change, in its transaction and with the member's row held.</param>
    public async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> RunAsync(
        Guid id, Func<Member, DomainEvent?> change, string? note, string? endSessions, CancellationToken cancellationToken, Func<Task>? alongside = null)
    {
        IReadOnlyCollection<Session> ended = [];
        var result = await db.InTransactionAsync(
            async () =>
            {
                var admins = await LockAdminsAsync(cancellationToken);
                var member = await factors.LockAsync(id, cancellationToken);
                if (member is null || member.Status is MemberStatus.PendingVerification or MemberStatus.Expired)
                {
                    return GetMember.NotFound();
                }

                // Whoever could shut out or reinstate somebody above them would decide about more rights than their own (ONB-8).
                if (member.Role is { } held && !db.Organization!.MayGrant(actor.Permissions, held))
                {
                    return Problems.Forbidden("member.outranks", "This member may do more than you.");
                }

                if (change(member) is not { } happened)
                {
                    return Problems.Conflict("member.not_allowed", "The member's state does not allow this.");
                }

                if (admins.Contains(id) && admins.Count == 1 && !IsActiveAdmin(member))
                {
                    db.ChangeTracker.Clear();
                    return Problems.Conflict("member.last_admin", "This is the last admin; make somebody else one first.");
                }

                db.Record(happened, actor.ToActor(), note);
                if (alongside is not null)
                {
                    await alongside();
                }

                ended = endSessions is null ? [] : await ending.EndAllAsync(id, endSessions, cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
                return (Results<Ok<MemberResponse>, ProblemHttpResult>)TypedResults.Ok(MemberResponse.From.Compile()(member));
            },
            cancellationToken);
        await ending.RevokeAsync(ended, cancellationToken);
        return result;
    }

    // Two admins who demote each other at once would both see two admins; the locked rows let the second see one (ONB-15).
    private async Task<HashSet<Guid>> LockAdminsAsync(CancellationToken cancellationToken) => [.. (await db.Members
        .FromSql($"SELECT *, xmin FROM members WHERE status = 'active' AND role = {Roles.Admin} ORDER BY id FOR UPDATE")
        .ToListAsync(cancellationToken)).Select(m => m.Id)];

    private static bool IsActiveAdmin(Member member) => member is { Status: MemberStatus.Active, Role: Roles.Admin };
}
