using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Mfa;

/// <summary>The member lets one of the remembered devices be a stranger again; the sessions that it has begun live on.</summary>
internal sealed class ForgetDevice(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder devices) => devices
        .MapDelete("/{id:guid}", (Guid id, ForgetDevice useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .WithSummary("Forget one of the signed-in member's devices")
        .WithErrors(("device.not_found", 404));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        await db.InTransactionAsync(() => ForgetAsync(id, cancellationToken), cancellationToken)
            ? TypedResults.NoContent()
            : Problems.NotFound("device.not_found", "You have no such device.");

    private async Task<bool> ForgetAsync(Guid id, CancellationToken cancellationToken)
    {
        var memberId = actor.MemberId;
        if (await db.RememberedDevices.Where(d => d.Id == id && d.MemberId == memberId).ExecuteDeleteAsync(cancellationToken) == 0)
        {
            return false;
        }

        db.Audit("device.forgotten", actor.ToActor(), memberId, note: null, clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }
}
