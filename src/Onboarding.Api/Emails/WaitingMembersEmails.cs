using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Emails;

/// <summary>Somebody who waits, and for how many whole days.</summary>
public sealed record WaitingPerson(string FullName, int Days);

/// <summary>The daily mail to everybody who may decide about people who wait (ONB-17).</summary>
internal sealed class WaitingMembersEmails(TenantDbContext db, EmailQueue queue, TimeProvider clock)
{
    /// <summary>Who has waited for so long is in the mail; who came later can be decided about without being reminded.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(1);

    private const int MaxNames = 10;

    public async Task RemindAsync(Guid eventId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var waiting = Waiting(db, now);
        var count = await waiting.CountAsync(cancellationToken);
        if (count == 0)
        {
            return;
        }

        var longest = await waiting.OrderBy(m => m.VerifiedAt).ThenBy(m => m.Id).Take(MaxNames).Select(m => new { m.FullName, m.VerifiedAt }).ToListAsync(cancellationToken);
        var people = longest.Select(m => new WaitingPerson(m.FullName, (int)(now - m.VerifiedAt!.Value).TotalDays)).ToList();
        var roles = db.Organization!.RolesWith(Permissions.ApproveMembers);
        foreach (var decider in await db.Members.AsNoTracking().Where(m => m.Status == MemberStatus.Active && roles.Contains(m.Role!)).ToListAsync(cancellationToken))
        {
            queue.Add(eventId, decider, "waiting_members", expiresAt: now + Patience, new WaitingMembersEmail
            {
                FullName = decider.FullName,
                Count = count,
                Longest = people,
                QueueUrl = new Uri(queue.Url),
            });
        }
    }

    /// <summary>Those who have waited for longer than <see cref="Patience"/>.</summary>
    public static IQueryable<Member> Waiting(TenantDbContext db, DateTimeOffset now)
    {
        var limit = now - Patience;
        return db.Members.AsNoTracking().Where(m => m.Status == MemberStatus.PendingApproval && m.VerifiedAt < limit);
    }
}
