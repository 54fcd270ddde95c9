using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Approvals;

/// <summary>What became of one decision: the member as it is now, or the problem.</summary>
internal sealed record Decision(Guid Id, MemberStatus? Status, DateTimeOffset? DecidedAt, ProblemHttpResult? Problem)
{
    public string? Code => (string?)Problem?.ProblemDetails.Extensions["code"];
}

/// <summary>Lets waiting people in or turns them down: the one place where that is decided, whoever asks and for how many.</summary>
/// <remarks>
/// Status, audit line and event commit together. When two admins decide at once, the row's <c>xmin</c> lets one through
/// and the other hears who was first (ONB-6, SEC-14).
/// </remarks>
internal sealed class Decisions(TenantDbContext db, Quotas quotas, RequestActor actor, TimeProvider clock)
{
    private const string AlreadyDecidedCode = "member.already_decided";

    private Organization Organization => db.Organization!;

    public Task<Decision> ApproveAsync(Guid id, string? role, string? note, CancellationToken cancellationToken) =>
        DecideAsync(id, Approving(role, note), cancellationToken);

    public Task<Decision> RejectAsync(Guid id, string? reason, bool block, CancellationToken cancellationToken) =>
        DecideAsync(id, Rejecting(reason, block), cancellationToken);

    /// <summary>Decides about each alone: one that fails takes no other along (ONB-7).</summary>
    public Task<IReadOnlyList<Decision>> ApproveAllAsync(IReadOnlyList<Guid> ids, string? role, string? note, CancellationToken cancellationToken) =>
        DecideAllAsync(ids, Approving(role, note), cancellationToken);

    /// <inheritdoc cref="ApproveAllAsync"/>
    public Task<IReadOnlyList<Decision>> RejectAllAsync(IReadOnlyList<Guid> ids, string? reason, bool block, CancellationToken cancellationToken) =>
        DecideAllAsync(ids, Rejecting(reason, block), cancellationToken);

    /// <summary>Why a role cannot be given; null when it can (ONB-8).</summary>
    public ProblemHttpResult? RoleRefusal(string role) =>
        !Organization.HasRole(role) ? UnknownRole()
        : !Organization.MayGrant(actor.Permissions, role) ? Problems.Forbidden("role.not_grantable", "You cannot give a role that may do more than you.")
        : null;

    /// <summary>Changes a member and records it; returns why not when it did not.</summary>
    private delegate ProblemHttpResult? Step(Member member);

    private Step Approving(string? role, string? note) => member =>
    {
        if (RoleRefusal(role ?? Roles.User) is { } refusal)
        {
            return refusal;
        }

        if (member.Approve(role ?? Roles.User, actor.OnBehalfOf, clock.GetUtcNow()) is not { } approved)
        {
            return AlreadyDecided(member, by: null);
        }

        db.Record(approved, actor.ToActor(), note);
        return null;
    };

    private Step Rejecting(string? reason, bool block) => member =>
    {
        if (member.Reject(reason, block, actor.OnBehalfOf, clock.GetUtcNow()) is not { } rejected)
        {
            return AlreadyDecided(member, by: null);
        }

        db.Record(rejected, actor.ToActor(), reason);
        return null;
    };

    private async Task<Decision> DecideAsync(Guid id, Step step, CancellationToken cancellationToken) =>
        (await DecideAllAsync([id], step, cancellationToken))[0];

    private async Task<IReadOnlyList<Decision>> DecideAllAsync(IReadOnlyList<Guid> ids, Step step, CancellationToken cancellationToken)
    {
        // Read together, saved one by one. PostgreSQL plans a list anew each time, one id once.
        var wanted = ids is [var only] ? db.Members.Where(m => m.Id == only) : db.Members.Where(m => ids.Contains(m.Id));

        // People who have not proven their address are nobody's to decide about yet.
        var members = await wanted
            .Where(m => m.Status != MemberStatus.PendingVerification && m.Status != MemberStatus.Expired)
            .ToDictionaryAsync(m => m.Id, cancellationToken);
        var results = new List<Decision>(ids.Count);
        foreach (var id in ids)
        {
            results.Add(members.TryGetValue(id, out var member)
                ? await DecideAsync(member, step, cancellationToken)
                : new(id, null, null, Problems.NotFound("member.not_found", "There is no such member in this organization.")));
        }

        return results;
    }

    private async Task<Decision> DecideAsync(Member member, Step step, CancellationToken cancellationToken)
    {
        var problem = step(member);
        if (problem is null)
        {
            try
            {
                // Whoever is let in takes a seat, and has to find one in the same transaction (ONB-11).
                problem = await SaveAsync(member, cancellationToken);
                if (problem is null)
                {
                    return new(member.Id, member.Status, member.DecidedAt, null);
                }

                DropUnsaved();
            }
            catch (DbUpdateException exception) when (exception is DbUpdateConcurrencyException || exception.IsUnknownRole())
            {
                DropUnsaved();
                problem = exception is DbUpdateConcurrencyException ? AlreadyDecided(member, by: null) : UnknownRole();
            }
        }

        return (string?)problem.ProblemDetails.Extensions["code"] == AlreadyDecidedCode
            ? await NameTheOtherAsync(member.Id, cancellationToken)
            : new(member.Id, null, null, problem);
    }

    private async Task<ProblemHttpResult?> SaveAsync(Member member, CancellationToken cancellationToken)
    {
        if (member.Status == MemberStatus.Approved)
        {
            return await quotas.SaveWithSeatAsync(cancellationToken);
        }

        await db.SaveChangesAsync(cancellationToken);
        return null;
    }

    // What was recorded for this member; the others stay tracked, as they were read.
    private void DropUnsaved()
    {
        foreach (var entry in db.ChangeTracker.Entries().Where(e => e.State is EntityState.Added or EntityState.Modified).ToList())
        {
            entry.State = EntityState.Detached;
        }
    }

    private async Task<Decision> NameTheOtherAsync(Guid id, CancellationToken cancellationToken)
    {
        var now = await db.Members.AsNoTracking().SingleAsync(m => m.Id == id, cancellationToken);
        var by = await db.Members.AsNoTracking().Where(m => m.Id == now.DecidedBy).Select(m => m.UserName).SingleOrDefaultAsync(cancellationToken);
        return new(id, now.Status, now.DecidedAt, AlreadyDecided(now, by));
    }

    /// <summary>Also what a role that was deleted at the same moment ends with.</summary>
    public static ProblemHttpResult UnknownRole() => Problems.BadRequest("role.unknown", "There is no such role in this organization.");

    private static ProblemHttpResult AlreadyDecided(Member member, string? by) => Problems.Conflict(
        AlreadyDecidedCode,
        "Somebody has already decided about this member.",
        new Dictionary<string, object?> { ["member_status"] = member.Status, ["decided_by"] = by, ["decided_at"] = member.DecidedAt });
}
