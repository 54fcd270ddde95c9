using Finbuckle.MultiTenant.Abstractions;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.SignIn;

/// <summary>Ends sessions: first in the organization's schema, then, once that is committed, for every node (SEC-24).</summary>
/// <remarks>
/// Should this node die between the two, the event that was committed with the first does the second (<see cref="Jobs.EventConsumers"/>).
/// </remarks>
internal sealed class SessionEnding(
    TenantDbContext db, IMultiTenantContextAccessor<Organization> tenant, RevokedTokens revoked, RequestActor actor, TimeProvider clock)
{
    /// <summary>Marks every live session of a member as ended. The caller saves, and then calls <see cref="RevokeAsync(IReadOnlyCollection{Session}, CancellationToken)"/>.</summary>
    public Task<IReadOnlyCollection<Session>> EndAllAsync(Guid memberId, string reason, CancellationToken cancellationToken) =>
        EndAllButAsync(memberId, sparedId: null, reason, cancellationToken);

    /// <summary>The same for every session of a member but this one.</summary>
    public Task<IReadOnlyCollection<Session>> EndOthersAsync(Session spared, string reason, CancellationToken cancellationToken) =>
        EndAllButAsync(spared.MemberId, spared.Id, reason, cancellationToken);

    private async Task<IReadOnlyCollection<Session>> EndAllButAsync(Guid memberId, Guid? sparedId, string reason, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var live = await db.Sessions.Where(s => s.MemberId == memberId && s.Id != sparedId && s.EndedAt == null && s.ExpiresAt > now).ToListAsync(cancellationToken);
        foreach (var session in live)
        {
            db.Record(session.End(reason, now)!, actor.ToActor());
        }

        return live;
    }

    /// <summary>Ends one session and saves. False when it had ended already.</summary>
    public async Task<bool> EndAsync(Session session, string reason, CancellationToken cancellationToken)
    {
        if (session.End(reason, clock.GetUtcNow()) is not { } ended)
        {
            return false;
        }

        db.Record(ended, actor.ToActor());
        await db.SaveChangesAsync(cancellationToken);
        await RevokeAsync(session, cancellationToken);
        return true;
    }

    public Task RevokeAsync(Session? session, CancellationToken cancellationToken) =>
        session is null ? Task.CompletedTask : RevokeAsync([session], cancellationToken);

    public Task RevokeAsync(IReadOnlyCollection<Session> sessions, CancellationToken cancellationToken) =>
        revoked.RevokeAsync(tenant.MultiTenantContext.TenantInfo!, [.. sessions.Select(s => s.Id)], cancellationToken);
}
