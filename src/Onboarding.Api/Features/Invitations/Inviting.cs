using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Approvals;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Invitations;

/// <summary>Whom to invite.</summary>
internal sealed record Wanted(string Email, string Role);

/// <summary>What became of one: the invitation as it is now, or the problem.</summary>
internal sealed record Invited(string Email, Invitation? Invitation, ProblemHttpResult? Problem)
{
    public string? Code => (string?)Problem?.ProblemDetails.Extensions["code"];
}

/// <summary>Invites people, for the first time or again: the one place where that is decided, whoever asks and for how many.</summary>
/// <remarks>
/// Invitations of an organization are sent one after the other, by the lock that changes of roles take too: no address
/// gets two, and no invitation gives a role that is being deleted. Inviting somebody who is invited sends a fresh link.
/// </remarks>
internal sealed class Inviting(TenantDbContext db, Decisions decisions, RequestActor actor, TimeProvider clock)
{
    /// <summary>Decides about each alone; those that can be invited are saved together.</summary>
    public Task<List<Invited>> InviteAsync(IReadOnlyList<Wanted> wanted, CancellationToken cancellationToken) => db.InTransactionAsync(
        async () =>
        {
            var roles = await LockRolesAsync(cancellationToken);
            var emails = wanted.Select(person => Member.Normalize(person.Email)).ToArray();
            var members = await MembersAsync(emails, cancellationToken);
            var open = await db.Invitations
                .FromSql($"SELECT *, xmin FROM invitations WHERE normalized_email = ANY({emails}) AND accepted_at IS NULL AND revoked_at IS NULL ORDER BY id FOR UPDATE")
                .ToDictionaryAsync(i => i.NormalizedEmail, cancellationToken);
            var invited = wanted.Select(person => Invite(person, members, open.GetValueOrDefault(Member.Normalize(person.Email)), roles)).ToList();
            await db.SaveChangesAsync(cancellationToken);
            return invited;
        },
        cancellationToken);

    /// <summary>The same for one that is there already; null when it is not.</summary>
    public Task<Invited?> InviteAgainAsync(Guid id, CancellationToken cancellationToken) => db.InTransactionAsync(
        async () =>
        {
            var roles = await LockRolesAsync(cancellationToken);
            var invitation = (await db.Invitations.FromSql($"SELECT *, xmin FROM invitations WHERE id = {id} FOR UPDATE").ToListAsync(cancellationToken)).SingleOrDefault();
            if (invitation is null)
            {
                return null;
            }

            if (!invitation.IsOpen)
            {
                return new(invitation.Email, null, Closed());
            }

            var invited = Invite(new(invitation.Email, invitation.Role), await MembersAsync([invitation.NormalizedEmail], cancellationToken), invitation, roles);
            await db.SaveChangesAsync(cancellationToken);
            return (Invited?)invited;
        },
        cancellationToken);

    /// <summary>Why the caller has no say in an invitation; null when they have.</summary>
    public ProblemHttpResult? Refusal(Invitation invitation) => db.Organization!.HasRole(invitation.Role) && !db.Organization.MayGrant(actor.Permissions, invitation.Role)
        ? Problems.Forbidden("role.not_grantable", "This person is invited with a role that may do more than you.")
        : null;

    public static ProblemHttpResult Closed() => Problems.Conflict("invitation.closed", "This invitation has been accepted or taken back already.");

    private Invited Invite(Wanted person, Dictionary<string, MemberStatus> members, Invitation? open, HashSet<string> roles)
    {
        var problem = MemberRefusal(members, person.Email) ?? (open is null ? null : Refusal(open)) ?? (roles.Contains(person.Role) ? decisions.RoleRefusal(person.Role) : Decisions.UnknownRole());
        if (problem is not null)
        {
            return new(person.Email, null, problem);
        }

        var now = clock.GetUtcNow();
        var invitation = open;
        if (invitation?.SendAgain(person.Role, actor.OnBehalfOf, now) is not { } sent)
        {
            (invitation, sent) = Invitation.Send(person.Email, person.Role, actor.OnBehalfOf, now);
            db.Invitations.Add(invitation);
        }

        db.Record(sent, actor.ToActor(), person.Role);
        return new(person.Email, invitation, null);
    }

    private static ProblemHttpResult? MemberRefusal(Dictionary<string, MemberStatus> members, string email) => members.TryGetValue(Member.Normalize(email), out var status) switch
    {
        true when status == MemberStatus.Blocked => Problems.Conflict("member.blocked", "This person was turned down for good."),
        true when status is MemberStatus.Approved or MemberStatus.Active or MemberStatus.Suspended => Problems.Conflict("member.exists", "This person is a member already."),
        _ => null,
    };

    /// <summary>Where the people with these addresses stand now; earlier registrations do not count.</summary>
    private Task<Dictionary<string, MemberStatus>> MembersAsync(string[] emails, CancellationToken cancellationToken) => db.Members.AsNoTracking()
        .Where(m => emails.Contains(m.NormalizedEmail) && m.Status != MemberStatus.Rejected && m.Status != MemberStatus.Expired && m.Status != MemberStatus.Removed)
        .ToDictionaryAsync(m => m.NormalizedEmail!, m => m.Status, cancellationToken);

    // From the schema: what this node remembers of the organization may be a second old.
    private async Task<HashSet<string>> LockRolesAsync(CancellationToken cancellationToken)
    {
        await db.Database.ExecuteSqlAsync($"SELECT 1 FROM settings FOR UPDATE", cancellationToken);
        return [.. await db.Roles.AsNoTracking().Select(r => r.Name).ToListAsync(cancellationToken)];
    }
}
