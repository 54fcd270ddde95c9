using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.ApiKeys;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Members;

/// <summary>How every change to a member runs: locked, guarded, recorded, and its sessions ended and API keys looked at again where it takes rights away.</summary>
internal sealed class ChangingMembers(TenantDbContext db, SessionEnding ending, ApiKeyAccess keys, RequestActor actor)
{
    /// <param name="change">Changes the member; null when its state does not allow that.</param>
    /// <param name="endSessions">Why its sessions end with the change; null when they live on.</param>
    /// <param name="unless">Why it cannot be, asked once the member's state allows it and before anything is saved.</param>
    /// <param name="alongside">What else goes with the change, in its transaction and with the member's row held.</param>
    public async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> RunAsync(
        Guid id, Func<Member, DomainEvent?> change, string? note, string? endSessions, CancellationToken cancellationToken, Func<Task>? alongside = null,
        Func<CancellationToken, Task<ProblemHttpResult?>>? unless = null)
    {
        IReadOnlyCollection<Session> ended = [];
        var lessened = false;
        var result = await db.InTransactionAsync(
            async () =>
            {
                var admins = await LockAdminsAsync(id, cancellationToken);
                var member = await db.LockMemberAsync(id, cancellationToken);
                if (member is null || member.Status is MemberStatus.PendingVerification or MemberStatus.Expired)
                {
                    return GetMember.NotFound();
                }

                // Whoever could shut out or reinstate somebody above them would decide about more rights than their own (ONB-8).
                if (member.Role is { } held && !db.Organization!.MayGrant(actor.Permissions, held))
                {
                    return Problems.Forbidden("member.outranks", "This member may do more than you.");
                }

                // Made an admin between the two locks: to decide about that, the admins would have to be held before the member.
                var wasAdmin = IsActiveAdmin(member);
                if (wasAdmin && !admins.Contains(id))
                {
                    return Problems.Conflict("member.changed", "The account was changed at the same moment. Look again.");
                }

                if (change(member) is not { } happened)
                {
                    return Problems.Conflict("member.not_allowed", "The member's state does not allow this.");
                }

                if (unless is not null && await unless(cancellationToken) is { } refusal)
                {
                    db.ChangeTracker.Clear();
                    return refusal;
                }

                if (wasAdmin && admins.Count == 1 && !IsActiveAdmin(member))
                {
                    db.ChangeTracker.Clear();
                    return Problems.Conflict("member.last_admin", "This is the last admin; make somebody else one first.");
                }

                db.Record(happened, actor.ToActor(), note);
                lessened = endSessions is not null && await keys.AnyOfAsync(id, cancellationToken);
                if (alongside is not null)
                {
                    await alongside();
                }

                ended = endSessions is null ? [] : await ending.EndAllAsync(id, endSessions, cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
                return (Results<Ok<MemberResponse>, ProblemHttpResult>)TypedResults.Ok(MemberResponse.Of(member));
            },
            cancellationToken);
        await ending.RevokeAsync(ended, cancellationToken);
        if (lessened)
        {
            await keys.ForgetAsync(cancellationToken);
        }

        return result;
    }

    // Two admins who demote each other at once would both see two admins; the locked rows let the second see one (ONB-15).
    // Who is about somebody else holds nobody: an admin's sign-in would wait for every change to any member.
    private async Task<IReadOnlyCollection<Guid>> LockAdminsAsync(Guid about, CancellationToken cancellationToken) =>
        await db.Members.AnyAsync(m => m.Id == about && m.Status == MemberStatus.Active && m.Role == Roles.Admin, cancellationToken)
            ? await db.Database
                .SqlQuery<Guid>($"""SELECT id AS "Value" FROM members WHERE status = 'active' AND role = {Roles.Admin} ORDER BY id FOR NO KEY UPDATE""")
                .ToListAsync(cancellationToken)
            : [];

    private static bool IsActiveAdmin(Member member) => member is { Status: MemberStatus.Active, Role: Roles.Admin };
}
