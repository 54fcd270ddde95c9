using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Jobs;

/// <summary>Hands an outbox event to its consumers, and notes that they had it in the same transaction as what they did.</summary>
internal sealed class HandleEvent(TenantDbContext db, EventConsumers consumers, TimeProvider clock) : IWorkHandler
{
    public async Task<TimeSpan?> HandleAsync(ClaimedWork work, CancellationToken cancellationToken)
    {
        try
        {
            await db.InTransactionAsync(() => HandleAsync(work.RefId, cancellationToken), cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Another worker, or another request for a code, got there first. Look again: most likely nothing is left to do.
            return TimeSpan.FromMilliseconds(200);
        }

        return null;
    }

    private async Task<bool> HandleAsync(Guid eventId, CancellationToken cancellationToken)
    {
        var stored = await db.Outbox.SingleOrDefaultAsync(e => e.Id == eventId, cancellationToken);
        if (stored is null or { HandledAt: not null })
        {
            return false;
        }

        await consumers.ConsumeAsync(stored.Id, stored.Read(), cancellationToken);
        stored.MarkHandled(clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }
}
