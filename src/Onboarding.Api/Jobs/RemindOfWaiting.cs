using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Emails;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Once a day: where people have waited for longer than a day, everybody who may decide about them is reminded (ONB-17).</summary>
[DisallowConcurrentExecution]
internal sealed class RemindOfWaiting(EveryOrganization organizations, TimeProvider clock) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await organizations.RunAsync(RemindAsync, cancellationToken);

    private async Task RemindAsync(TenantDbContext db, CancellationToken cancellationToken)
    {
        // One query for the many organizations in which nobody waits.
        if (await WaitingMembersEmails.Waiting(db, clock.GetUtcNow()).AnyAsync(cancellationToken))
        {
            await db.InTransactionAsync(() => RemindOnceAsync(db, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Once a day however often it runs: ids are in the order of time, so the primary key finds today's reminder.</summary>
    private async Task<bool> RemindOnceAsync(TenantDbContext db, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var earliest = Ids.New(today.AddMilliseconds(-1));
        await db.Database.ExecuteSqlAsync($"SELECT 1 FROM settings FOR UPDATE", cancellationToken);
        if (await db.Outbox.AnyAsync(e => e.Id > earliest && e.Type == WaitingMembersDue.Name && e.OccurredAt >= today, cancellationToken))
        {
            return false;
        }

        db.Publish(new WaitingMembersDue(now));
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }
}
