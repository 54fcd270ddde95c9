using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Once a day: registrations whose address nobody proved in seven days expire, and the address is as good as new (ONB-17).</summary>
[DisallowConcurrentExecution]
internal sealed class ExpireRegistrations(EveryOrganization organizations, TimeProvider clock) : IJob
{
    public static readonly TimeSpan Patience = TimeSpan.FromDays(7);
    private const int Batch = 500;

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await organizations.RunAsync(ExpireAsync, cancellationToken);

    private async Task ExpireAsync(TenantDbContext db, CancellationToken cancellationToken)
    {
        int expired;
        do
        {
            expired = await db.InTransactionAsync(() => ExpireBatchAsync(db, cancellationToken), cancellationToken);
        }
        while (expired == Batch);
    }

    private async Task<int> ExpireBatchAsync(TenantDbContext db, CancellationToken cancellationToken)
    {
        // Whoever is just being verified is locked, and left alone.
        var now = clock.GetUtcNow();
        var limit = now - Patience;
        var members = await db.Members
            .FromSql($"SELECT *, xmin FROM members WHERE status = 'pending_verification' AND registered_at < {limit} ORDER BY id LIMIT {Batch} FOR UPDATE SKIP LOCKED")
            .ToListAsync(cancellationToken);
        foreach (var member in members.Where(member => member.Expire()))
        {
            db.Audit("member.expired", Actor.System, member.Id, note: null, now);
        }

        await db.SaveChangesAsync(cancellationToken);
        return members.Count;
    }
}
